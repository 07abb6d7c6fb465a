"""What there is to do on the bench, for pages and REST alike."""

from __future__ import annotations

from silkgate.identity.api import ROLES, SCOPES, action

PLAY = action(
    "testbench.play",
    "在测试台上测试",
    "Try messages on the test bench",
    roles=["filer", "declarant"],
    scopes=["declarations", "filings"],
)
SEE = action(
    "testbench.see",
    "查看测试结果",
    "See what was tried on the test bench",
    roles=ROLES,
    scopes=SCOPES,
)
