"""Events of the journal on their way to the addresses that organisations name.

`events.py` what is told of an event · `subscriptions.py` who is told, and the secret · `guard.py` which addresses are
called · `post.py` one call · `deliver.py` the worker · `rest.py` HTTP.
"""
