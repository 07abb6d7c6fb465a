"""Measures the way of a declaration, end to end: bytes in, receipts durable. `python -m bench`, or `make bench`."""
