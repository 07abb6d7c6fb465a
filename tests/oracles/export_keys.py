"""The keys of export documents (docs/exports.md §1)."""

from __future__ import annotations

from typing import Any

NO_CODE = "无"
"""`ebpCode` of a foreign platform that has none."""
REPORTERS = {"607": "agentCode", "507": "operatorCode", "509": "logisticsCode"}


def platform(head: dict[str, str]) -> str:
    """The platform under which an order number is unique: `ebpCode`, or the seller on platforms without a code."""
    return f"{NO_CODE}/{head['ebcCode']}" if head["ebpCode"] == NO_CODE else head["ebpCode"]


def key_of(document: dict[str, Any]) -> tuple[str, ...]:
    """The key of an order, receipt of money, waybill, list, manifest, arrival or departure."""
    kind, head = document["kind"], document["head"]
    if kind in ("303", "603"):
        return platform(head), head["orderNo"]
    if kind == "403":
        return head.get("payCode", "") or head["ebcCode"], head.get("payNo", "") or head["orderNo"]
    if kind == "505":
        return head["logisticsCode"], head["logisticsNo"]
    return head[REPORTERS[kind]], head["copNo"], str(int(head["msgSeqNo"]))
