"""A whole service under load while all that can break is broken: `make torture`, and a short run in the tests."""
