"""A person's own yearly allowance: proving who one is, every use of one's identity, objection. `docs/operating.md`."""
