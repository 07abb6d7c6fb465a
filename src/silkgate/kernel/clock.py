"""China time. Nothing in Silkgate asks for "now" except the edges; everything else is given a day or a time."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8), "UTC+8")


def china_day(moment: datetime) -> date:
    """The calendar day of an aware `moment` in UTC+8, the day that dated law is asked for."""
    return moment.astimezone(CHINA).date()


def message_time(text: str) -> datetime | None:
    """`yyyyMMddHHmmss` of a message as an aware time in UTC+8; None where the text is no time."""
    if len(text) != 14 or not (text.isascii() and text.isdigit()):
        return None
    try:
        return datetime(
            int(text[:4]),
            int(text[4:6]),
            int(text[6:8]),
            int(text[8:10]),
            int(text[10:12]),
            int(text[12:]),
            tzinfo=CHINA,
        )
    except ValueError:
        return None


def receipt_time(moment: datetime) -> str:
    """`yyyyMMddHHmmssSSS` in UTC+8, the form of `returnTime` in receipts."""
    local = moment.astimezone(CHINA)
    return local.strftime("%Y%m%d%H%M%S") + f"{local.microsecond // 1000:03d}"
