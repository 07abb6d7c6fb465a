"""What there is to do with drafts, and who may: who declares for an organisation, as its member or as its agent."""

from __future__ import annotations

from silkgate.identity.api import action

DRAFTS = action("drafts.list", "查看申报草稿", "See drafts", roles=["declarant"], scopes=["declarations"])
FILL = action("drafts.fill", "填写新单证", "Fill in a new document", roles=["declarant"], scopes=["declarations"])
"""What is not kept yet: nobody’s data is read."""
WRITE = action(
    "drafts.write", "填写申报草稿", "Write drafts", roles=["declarant"], scopes=["declarations"], personal=True
)
"""Drafts name buyers: each is opened for the organisation's own business, and that is kept."""
SEND = action(
    "drafts.send", "签名并发送申报", "Sign and send drafts", roles=["declarant"], scopes=["declarations"], personal=True
)
"""What cannot be sent is shown again, buyer and all: each is kept as the openings are."""
