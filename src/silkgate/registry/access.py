"""What there is to do in the registry, and who may. Pages and REST carry these actions."""

from __future__ import annotations

from silkgate.identity.api import DUTIES, ROLES, action

FILE = action("registry.file", "办理备案", "File", roles=["filer"], scopes=["filings"])
FILINGS = action(
    "registry.filings", "查看本单位备案事项", "See one’s own filings", roles=ROLES, scopes=["filings", "read"]
)
ANSWERS = action(
    "registry.answers",
    "查看备案申请全部内容",
    "Read all of an application",
    duties=["filings", "approvals"],
    roles=ROLES,
    scopes=["filings", "read"],
    personal=True,
)
REGISTER = action("registry.register", "查看企业备案", "See the register", duties=DUTIES)
RECORD = action(
    "registry.record", "查看企业备案记录", "See a record", duties=DUTIES, roles=ROLES, scopes=["filings", "read"]
)
PERSONAL = action(
    "registry.personal",
    "读取备案中的个人信息",
    "Read personal data of a record",
    duties=DUTIES,
    roles=ROLES,
    scopes=["filings", "read"],
    personal=True,
)
STANDING = action("registry.standing", "提议暂停、恢复或注销备案", "Propose a record’s standing", duties=["filings"])
CLASS = action("registry.class", "确定企业类别", "Give credit classes", duties=["filings"])
CLASSES = action("registry.classes", "查看企业类别", "See credit classes", duties=DUTIES)
GOODS = action(
    "registry.goods", "查看备案商品", "See goods on file", duties=DUTIES, roles=ROLES, scopes=["filings", "read"]
)
PERMITS = action("registry.permits", "查看许可", "See permits", duties=DUTIES, roles=ROLES, scopes=["filings", "read"])
PERMIT = action("registry.permit", "录入许可", "Enter permits", duties=["filings"])
USE = action("registry.use", "登记许可使用", "Use permits", duties=["filings", "declarations"])
