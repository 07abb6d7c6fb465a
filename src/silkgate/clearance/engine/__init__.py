"""The decider: a deterministic function of state, ordered input and the law of the day. All but `run` and `store` are pure."""
