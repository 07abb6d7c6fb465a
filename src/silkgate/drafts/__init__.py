"""Declarations by hand: forms made of the field catalogue, kept as drafts, signed and sent through the exchange."""
