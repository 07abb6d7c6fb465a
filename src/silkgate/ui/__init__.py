"""The visual language: base template, recurring shapes, formats of money and time. A library; decides nothing."""
