"""Mutants of generated messages: a change of a value, of the tree, of the signature or of bytes; right or wrong."""

from __future__ import annotations

from random import Random

from silkgate.standards.ceb.catalogue import MESSAGES, Field
from standards.ceb.generator import ALPHABETS, Draft, guid
from standards.ceb.signatures import odd_signature

ODD_VALUES = {
    "decimal": (
        *(
            "",
            " ",
            "0",
            "-0",
            "+1",
            ".5",
            "5.",
            ".",
            "1e5",
            "1,5",
            " 1.5\n",
            "NaN",
            "INF",
            "0x1",
            "１",
            "٣",
            "1 2",
            "--1",
        ),
        *("12345678901234", "123456789012345", "1234567890123456789", "12345678901234567890", "0001.50000"),
        *(
            "1.12345",
            "1.123456",
            "1.1234500",
            "12345678901234.12345",
            "123456789012345.12345",
            "00000000000000000000001",
        ),
        *("0.00000", "0.000001", "-12345678901234.12345", "1<!--c-->2", "<![CDATA[12]]>", "&#49;2", "1\r\n", "1\t"),
    ),
    "int": (
        *("", " ", "0", "-0", "+1", "007", "1.0", " 12\n", "2147483647", "2147483648", "-2147483648", "-2147483649"),
        *(
            "999999999",
            "1000000000",
            "-999999999",
            "-1000000000",
            "0000000000000012",
            "١",
            "1e3",
            "1<!--c-->2",
            "&#49;",
        ),
    ),
    "string": (
        *(
            "",
            " ",
            "\t",
            "\n",
            "a\tb",
            "a\nb",
            "a\rb",
            "a\r\nb",
            "&lt;",
            "&amp;amp;",
            "&#13;",
            "&#x20;",
            "a>b",
            "]]&gt;",
        ),
        *(
            "<![CDATA[a<b]]>",
            "a<!-- c -->b",
            "a<?p i?>b",
            "<b/>",
            "\ufffd",
            "\ufeff",
            "\ufffe",
            "\uffff",
            "\x7f",
            "\x85",
        ),
        *(
            "\u2028",
            "\x00",
            "\x01",
            "\x1f",
            "&unknown;",
            "&#0;",
            "&#x1F600;",
            "𠮷",
            "a" * 1001,
            "中" * 61,
            "142",
            "143",
            "1",
        ),
    ),
    "any": (
        "",
        "text",
        "<x/>",
        "<x/><y/>",
        "<ceb:OrderHead/>",
        "<x xmlns='urn:x'>1</x>",
        "<x><y>1</y></x>",
        "<!-- c -->",
        "<x/>text",
    ),
}


SPACED = (" ", "  ", " a", "a ", "a b", "a  b", "\ta", "a\n", " a \r\n b ", "\u00a0a", "a<!-- c --> ", "1 ", " 1")
"""For fields of which the schema collapses the white space."""


def odd_value(random: Random, field: Field) -> str:
    """A value at or over a bound, or in an unusual form; some of them are valid."""
    if field.collapsed and random.random() < 0.5:
        return random.choice(SPACED)
    if field.type == "string" and random.random() < 0.5:
        bounds = [field.min_length - 1, field.min_length]
        if field.max_length is not None:
            bounds += [field.max_length, field.max_length + 1]
        return "".join(random.choices(random.choice(ALPHABETS), k=max(0, random.choice(bounds))))
    return random.choice(ODD_VALUES[field.type])


def mutate_tree(random: Random, made: Draft) -> None:
    """Changes one value, one element or one attribute of the draft."""
    leaves, parents = made.root.leaves(), made.root.parents()
    if not leaves:  # an earlier mutation took the only document away
        return
    leaf, parent = random.choice(leaves), random.choice(parents)
    children = parent.content
    assert isinstance(children, list)
    place = random.randrange(len(children)) if children else 0
    field = made.fields.get(id(leaf))
    choice = random.randrange(17)
    if choice < 6 and field:
        leaf.content = odd_value(random, field)
    elif choice == 6 and children:
        del children[place]
    elif choice == 7 and children:
        children.insert(place, children[place])
    elif choice == 8 and len(children) > 1:
        children[place - 1], children[place] = children[place], children[place - 1]
    elif choice == 9:
        leaf.name += random.choice(("x", "", "-", ".1"))
    elif choice == 10:
        odd = (' a="1"', ' xsi:nil="true"', ' xsi:type="ceb:XMLElement"', " xmlns:x='urn:x'", ' xml:lang="zh"', " ")
        random.choice((leaf, parent)).attributes += random.choice(odd)
    elif choice == 11:
        other = random.choice(list(MESSAGES.values()))
        random.choice(parents).name = random.choice((other.root, other.document, other.head or "X", other.line or "Y"))
    elif choice == 12:
        made.root.attributes = random.choice(
            (
                f' version="1.0" guid="{guid(random)}"',
                f' guid="{guid(random)}"',
                ' version="1.0"',
                f' guid="{guid(random)}" version=""',
                f' guid="{guid(random)}" version="12345678901"',
                f' guid="{guid(random)[1:]}" version="1.0"',
                f' guid="{guid(random)}0" version="1.0"',
                f" guid='{guid(random)}' version='1.0'",
                f' guid="{"中" * 36}" version="1"',
                f' guid="{" " * 36}" version="\t"',
                f' guid="{guid(random)[:-1]}&gt;" version=">"',
                f' guid="{guid(random)}" version="1.0" xsi:schemaLocation="a b"',
                f' guid="{guid(random)}" version="1.0" version="1.0"',
                f' guid="{guid(random)}" version="1.0" ',
                f'  guid="{guid(random)}"  version="1.0"',
            )
        )
    elif choice == 13:
        made.prefix = random.choice(("", "ceb:", "x:"))
    elif choice == 14:
        made.declaration = random.choice(
            (
                "",
                "\n",
                "\ufeff<?xml version='1.0' encoding='utf-8'?>",
                "<?xml version='1.0'?>",
                '<?xml version="1.0" encoding="UTF-8" standalone="yes" ?>',
                '<?xml version="1.1" encoding="UTF-8"?>',
                '<?xml version="1.0" encoding="GBK"?>',
                ' <?xml version="1.0" encoding="UTF-8"?>',
                '<?xml version="1.0" encoding="UTF-8"?><!-- c -->',
                '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE x>',
                '<?xml version="1.0" encoding="UTF-8"?>x',
                '<?xml version="1.0" encoding="ISO-8859-1"?>',
            )
        )
    elif choice == 15:
        made.signature = odd_signature(random)
    else:
        repeat(random, made)


def repeat(random: Random, made: Draft) -> None:
    """No document, or as many documents or lines as stand at a bound: of the standard, or of how they are packed."""
    parts = made.root.content
    assert isinstance(parts, list)
    documents = [part for part in parts if part.name == made.kind.document]
    if not documents:
        return
    first = documents[0].content
    assert isinstance(first, list)
    if made.kind.line and random.random() < 0.5:
        first[1:] = first[1:2] * random.choice((0, 15, 16, 99, 100, 101))
    else:
        others = [part for part in parts if part.name != made.kind.document]
        made.root.content = documents[:1] * random.choice((0, 15, 16, 100, 101)) + others


PIECES = (
    *(b"<", b">", b"&", b'"', b"'", b"/", b"\r", b"\n", b" ", b"\t", b"\x00", b"\xff", b"\xc0\x80", b"\xed\xa0\x80"),
    *(
        b"\xef\xbf\xbe",
        b"\xef\xbb\xbf",
        b"\xe4\xb8",
        b"]]>",
        b"<!---->",
        b"<![CDATA[]]>",
        b"<?x?>",
        b"&#10;",
        b"x",
        b"0",
    ),
    *(
        b"ceb:",
        b"ds:",
        b'xmlns:ds="urn:x"',
        b"<ceb:note></ceb:note>",
        b"<ceb:note/>",
        b"</ceb:note>",
        b"142",
        b"-",
        b".",
    ),
)


def mutate_bytes(random: Random, raw: bytes) -> bytes:
    """Inserts, deletes, doubles or replaces a few bytes somewhere, or cuts the message off there."""
    at = random.randrange(len(raw) + 1)
    if random.random() < 0.03:
        return raw[:at]
    length = random.choice((0, 0, 1, 1, 2, 7, 40))
    piece = random.choice((b"", raw[at : at + length] * 2, random.choice(PIECES), bytes([random.randrange(256)])))
    return raw[:at] + piece + raw[at + length :]
