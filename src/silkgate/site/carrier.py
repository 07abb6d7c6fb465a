"""Which NATS servers carry messages here, if any: the settings, the process, and what doctor says of them."""

from __future__ import annotations

import os
import re
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from silkgate.kernel.text import Text
from silkgate.site.problem import Problem

if TYPE_CHECKING:
    from silkgate.exchange.api import Carrier, CarrierStanding

URL_VARIABLE = "SILKGATE_NATS_URL"
_SCHEMES = ("nats", "tls")
_PREFIX = re.compile(r"[A-Za-z0-9]{1,32}")


def is_named() -> bool:
    """Whether the installation has chosen this carrier."""
    return bool(os.environ.get(URL_VARIABLE))


def named_carrier() -> Carrier | None:
    """The carrier of the settings; None where they name none. Raises Problem for what cannot be meant."""
    from silkgate.exchange.api import Carrier

    urls = [url.strip() for url in os.environ.get(URL_VARIABLE, "").split(",") if url.strip()]
    for url in urls:
        parts = urlsplit(url)
        if parts.scheme not in _SCHEMES or not parts.hostname:
            raise Problem(
                f"{URL_VARIABLE}应为nats://用户:密码@主机:4222（多个以逗号分隔）。",
                f"{URL_VARIABLE} must be nats://user:password@host:4222, several separated by commas.",
            )
    if not urls:
        return None
    prefix = os.environ.get("SILKGATE_NATS_PREFIX", "silkgate")
    if not _PREFIX.fullmatch(prefix):
        raise Problem("SILKGATE_NATS_PREFIX只能含字母和数字。", "SILKGATE_NATS_PREFIX is letters and digits only.")
    replicas = os.environ.get("SILKGATE_NATS_REPLICAS", "")
    if replicas not in ("", "1", "3", "5"):
        raise Problem("SILKGATE_NATS_REPLICAS应为1、3或5。", "SILKGATE_NATS_REPLICAS must be 1, 3 or 5.")
    return Carrier(tuple(urls), prefix, int(replicas) if replicas else None)


def run(stop: threading.Event) -> None:
    """The process `silkgate worker --role nats`, until `stop`. Raises Problem where it cannot work at all."""
    from silkgate.exchange.api import carry

    carrier = named_carrier()
    if carrier is None:
        raise Problem(
            f"未设置{URL_VARIABLE}，没有可用的NATS服务器。", f"{URL_VARIABLE} is not set: there are no NATS servers."
        )
    try:
        carry(carrier, stop)
    except ImportError as error:
        raise _no_client() from error


def told() -> Text | None:
    """One sentence on how the servers are; None where none are named. Raises Problem for what needs somebody."""
    from silkgate.exchange.api import look_at_carrier

    carrier = named_carrier()
    if carrier is None:
        return None
    try:
        standing = look_at_carrier(carrier)
    except ImportError as error:
        raise _no_client() from error
    except OSError as error:
        hosts = ", ".join(urlsplit(url).netloc.rpartition("@")[2] for url in carrier.servers)
        raise Problem(
            f"NATS服务器{hosts}无应答或未启用JetStream：{error}。已接收的报文不受影响；服务器恢复后自动重连。",
            f"The NATS servers {hosts} do not answer, or without JetStream: {error}. What was taken in is safe; "
            "it goes on by itself once they are back.",
        ) from error
    return _sentence(standing)


def _sentence(standing: CarrierStanding) -> Text:
    waiting = standing.messages_waiting or 0
    largest = standing.max_payload_bytes // 1024
    kind = Text("NATS集群", "The NATS cluster") if standing.clustered else Text("NATS单机", "The single NATS server")
    return Text(
        f"{kind.zh}可用：流中有{waiting:,}份报文，单份最大{largest:,} KiB。",
        f"{kind.en} answers: {waiting:,} messages in the stream, at most {largest:,} KiB each.",
    )


def _no_client() -> Problem:
    return Problem(
        "缺少软件包nats-py，请运行pip install 'silkgate[nats]'。",
        "The package nats-py is missing. Run pip install 'silkgate[nats]'.",
    )
