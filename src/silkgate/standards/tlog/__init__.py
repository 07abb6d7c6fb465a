"""Transparency logs: RFC 6962 Merkle trees, C2SP signed notes, checkpoints, tiles and offline proofs. Pure.

Sources: RFC 6962 section 2.1 (kept by RFC 9162); c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature, tlog-tiles,
tlog-proof, tlog-witness.
"""
