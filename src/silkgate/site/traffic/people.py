"""Made-up buyers: names of common characters, identity numbers with a right check character, no one's telephone."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

FAMILY_NAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许邓冯韩曹"
GIVEN_FIRST = "明晓文雨思佳嘉子梓若一宇浩俊志建国海云春秋冬月静雅欣怡诗书"
GIVEN_SECOND = "华伟芳娜敏强磊军洋勇艳杰娟涛超霞平刚桂英然轩涵琪瑶宁安乐"

PLACES = (
    ("410105", "河南省郑州市金水区", "花园路"),
    ("410102", "河南省郑州市中原区", "建设路"),
    ("410103", "河南省郑州市二七区", "大学路"),
    ("410104", "河南省郑州市管城回族区", "紫荆路"),
    ("410302", "河南省洛阳市老城区", "中州路"),
    ("410202", "河南省开封市龙亭区", "晋安路"),
    ("110105", "北京市朝阳区", "光华路"),
    ("110108", "北京市海淀区", "学院路"),
    ("310115", "上海市浦东新区", "锦绣路"),
    ("310104", "上海市徐汇区", "漕溪路"),
    ("330106", "浙江省杭州市西湖区", "文三路"),
    ("330203", "浙江省宁波市海曙区", "柳汀街"),
    ("320106", "江苏省南京市鼓楼区", "湖南路"),
    ("320508", "江苏省苏州市姑苏区", "人民路"),
    ("440106", "广东省广州市天河区", "体育路"),
    ("440305", "广东省深圳市南山区", "科技路"),
    ("510104", "四川省成都市锦江区", "东大街"),
    ("500103", "重庆市渝中区", "中山路"),
    ("420106", "湖北省武汉市武昌区", "中北路"),
    ("430102", "湖南省长沙市芙蓉区", "五一路"),
    ("610113", "陕西省西安市雁塔区", "小寨路"),
    ("370102", "山东省济南市历下区", "泉城路"),
    ("370202", "山东省青岛市市南区", "香港路"),
    ("120101", "天津市和平区", "南京路"),
)

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_FIRST_BIRTHDAY = date(1962, 1, 1)
_DAYS = (date(2005, 1, 1) - _FIRST_BIRTHDAY).days
_BIRTHDAYS = [(_FIRST_BIRTHDAY + timedelta(days=days)).strftime("%Y%m%d") for days in range(_DAYS)]
_SEQUENCES = 4  # 996 to 999: said to have been kept for people a hundred years old, so nobody born since 1962 has one
_NUMBERS = len(PLACES) * len(_BIRTHDAYS) * _SEQUENCES
_STRIDE = 1_299_709  # prime and no divisor of _NUMBERS: walks over all of them without meeting one twice


class Person(NamedTuple):
    """A buyer who is also the consignee."""

    id_number: str
    name: str
    telephone: str
    account: str
    address: str
    district: str


def check_character(first_17: str) -> str:
    """The last character of a resident identity number: GB 11643, ISO 7064 MOD 11-2.

    >>> check_character("11010519491231002")
    'X'
    """
    total = sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True))
    return "10X98765432"[total % 11]


def person(index: int) -> Person:
    """The `index`th buyer; buyers of different index below 1,500,000 have different identity numbers."""
    place, rest = divmod(index * _STRIDE % _NUMBERS, len(_BIRTHDAYS) * _SEQUENCES)
    birthday, sequence = divmod(rest, _SEQUENCES)
    district, area, road = PLACES[place]
    first_17 = f"{district}{_BIRTHDAYS[birthday]}{996 + sequence}"
    mixed = index * 2_654_435_761 % 4_294_967_296
    name = (
        FAMILY_NAMES[mixed % len(FAMILY_NAMES)]
        + GIVEN_FIRST[mixed // 31 % len(GIVEN_FIRST)]
        + (GIVEN_SECOND[mixed // 967 % len(GIVEN_SECOND)] if mixed % 5 else "")
    )
    number, building = mixed // 7 % 300 + 1, mixed // 11 % 20 + 1
    room = (mixed // 13 % 24 + 1) * 100 + mixed // 17 % 4 + 1
    return Person(
        first_17 + check_character(first_17),
        name,
        f"100{mixed % 100_000_000:08d}",  # no mobile number begins with 100
        f"u{index:08d}",
        f"{area}{road}{number}号{building}栋{room}室",
        district,
    )
