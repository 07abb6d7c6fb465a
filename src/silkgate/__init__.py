"""Silkgate: open public service platform of a cross-border e-commerce pilot zone."""

__version__ = "0.4.0"
