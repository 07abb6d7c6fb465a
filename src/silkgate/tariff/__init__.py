"""Dated law: rates, limits, lists and rule cards. Everything is asked for a day; nothing knows today."""
