"""The demo zone's enterprises. Names, codes and DXP ids are made up, in the right form."""

from __future__ import annotations

from typing import NamedTuple

_CREDIT_CODE_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


class Enterprise(NamedTuple):
    """A row of enterprises.csv. `key` is "rsa", "sm2" or "" where it files no certificate."""

    code: str
    name: str
    roles: tuple[str, ...]
    credit_class: str
    dxp_id: str
    key: str


def credit_code(first_17: str) -> str:
    """A unified social credit code with its check character (GB 32100: weights 3^i modulo 31).

    >>> credit_code("91350100M000100Y4")
    '91350100M000100Y43'
    """
    total = sum(_CREDIT_CODE_CHARACTERS.index(c) * pow(3, i, 31) for i, c in enumerate(first_17))
    return first_17 + _CREDIT_CODE_CHARACTERS[-total % 31]


def _firms() -> list[tuple[str, str, str, str, str]]:
    """code, name, roles, credit class, key."""
    return [
        ("41019600P1", "河南云帆优选电子商务平台有限公司", "ebp;assure", "A", ""),
        ("41019600P2", "郑州丝路集市网络科技有限公司", "ebp;assure", "A", ""),
        (credit_code("91410100MA3XP0003"), "中原海购电子商务平台有限公司", "ebp;assure", "B", ""),
        ("41019600E1", "河南云帆跨境电商有限公司", "ebc;assure", "A", "rsa"),
        ("41019600E2", "郑州禾木母婴用品有限公司", "ebc;assure", "A", "rsa"),
        (credit_code("91410100MA3XE0003"), "河南沐颜美妆贸易有限公司", "ebc", "A", "rsa"),
        (credit_code("91410100MA3XE0004"), "郑州南岸保健食品有限公司", "ebc;assure", "B", "rsa"),
        ("41019600E5", "河南千渡国际贸易有限公司", "ebc", "B", "rsa"),
        (credit_code("91410100MA3XE0006"), "郑州小鹿童品商贸有限公司", "ebc", "B", "rsa"),
        (credit_code("91410100MA3XE0007"), "河南青禾食品进出口有限公司", "ebc", "B", "rsa"),
        ("41019600E8", "郑州酩坊酒业进出口有限公司", "ebc;assure", "B", "rsa"),
        (credit_code("91410100MA3XE0009"), "河南素履服饰贸易有限公司", "ebc", "B", "rsa"),
        (credit_code("91410100MA3XE0010"), "郑州晨光个护用品有限公司", "ebc;assure", "C", "rsa"),
        ("4101960E11", "河南智居电器贸易有限公司", "ebc", "B", "rsa"),
        ("4101960E12", "郑州环宇好物跨境电商有限公司", "ebc;assure", "C", "rsa"),
        ("41019800Y1", "中原汇达支付有限公司", "pay", "A", ""),
        ("41019800Y2", "河南嵩山电子支付有限公司", "pay", "A", ""),
        ("41019800Y3", "郑州银桥支付科技有限公司", "pay", "B", ""),
        ("41019800L1", "郑州空港速运有限公司", "logistics;assure", "A", ""),
        ("41019800L2", "河南陆港快递有限公司", "logistics;assure", "A", ""),
        ("41019800L3", "中原班列物流有限公司", "logistics", "B", "rsa"),
        ("41014600W1", "新郑综保区中心保税仓储有限公司", "area", "A", ""),
        ("41014600W2", "新郑综保区恒温保税仓储有限公司", "area", "A", ""),
        ("41014600W3", "郑州经开保税物流有限公司", "area", "B", ""),
        ("41019800B1", "河南通关达报关有限公司", "agent", "A", "rsa"),
        ("41019800B2", "郑州信远报关服务有限公司", "agent", "A", "rsa"),
        ("41019800B3", "中原国际货运代理有限公司", "agent", "B", "rsa"),
        ("41019800B4", "河南商密通报关有限公司", "agent", "B", "sm2"),
        ("41019800S1", "新郑机场跨境监管场所有限公司", "operator", "A", "rsa"),
    ]


ENTERPRISES = tuple(
    Enterprise(code, name, tuple(roles.split(";")), credit_class, f"DXPENT{4612000000 + number}", key)
    for number, (code, name, roles, credit_class, key) in enumerate(_firms(), start=1)
)
