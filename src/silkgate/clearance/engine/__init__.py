"""The decider: a deterministic function of state, ordered input and the law of the day.

All but `run`, `prefetch` and `persist` are pure.
"""
