"""Made traffic: a demo zone, parcels whose documents agree or differ on purpose, and the messages that carry them.

The demo plays it, the bench measures with it, tests say with it what differs and nothing else. All of it follows from
a seed. No person and no firm in it exists.
"""
