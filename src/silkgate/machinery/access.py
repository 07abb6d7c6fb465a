"""What there is to do with machine books, and who may. Pages and REST carry these actions."""

from __future__ import annotations

from silkgate.identity.api import ROLES, action

OWN = action(
    "machinery.own",
    "查看本单位的机械账册",
    "See one’s own machine books",
    roles=ROLES,
    scopes=["declarations", "read"],
)
SEE = action(
    "machinery.see",
    "查看机械账册和零配件出运",
    "See machine books and shipments of spare parts",
    duties=["declarations", "operations"],
    roles=ROLES,
    scopes=["declarations", "read"],
)
OVERSEE = action(
    "machinery.oversee", "查看全部机械账册", "See all machine books", duties=["declarations", "operations"]
)
DECLARE = action(
    "machinery.declare",
    "申报机械和零配件",
    "Declare machines and spare parts",
    roles=["declarant"],
    scopes=["declarations"],
)
