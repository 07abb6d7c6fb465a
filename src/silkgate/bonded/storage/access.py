"""What there is to do in storage, and who may. Pages and REST carry these actions."""

from __future__ import annotations

from silkgate.identity.api import ROLES, action

SEE = action(
    "bonded.storage",
    "查看暂存货物",
    "See goods in storage",
    duties=["declarations", "operations"],
    roles=ROLES,
    scopes=["declarations", "read"],
)
OWN = action(
    "bonded.storage.own",
    "查看本单位的暂存货物",
    "See one’s own goods in storage",
    roles=ROLES,
    scopes=["declarations", "read"],
)
KEEP = action(
    "bonded.storage.keep",
    "办理暂存入库、分送和集中申报",
    "Enter lots, draw on them, declare together",
    roles=["declarant"],
    scopes=["declarations"],
)
WATCH = action(
    "bonded.storage.watch",
    "查看全部暂存货物和逾期情况",
    "See all goods in storage, and what is overdue",
    duties=["declarations", "operations"],
)
LODGE = action("bonded.storage.lodge", "登记暂存担保", "Lodge guarantees for storage", duties=["declarations"])
