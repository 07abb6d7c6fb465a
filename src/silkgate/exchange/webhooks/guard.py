"""Which addresses are called: https to the public internet, unless the operator allows a network of its own.

The address is resolved once and the connection made to what was checked, so that a name that changes its meaning
between the two leads nowhere else. `ipaddress` knows what is public (IANA's special-purpose registries).
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings

from silkgate.kernel.text import Text

Address = IPv4Address | IPv6Address
MAX_URL_CHARACTERS = 500
_TRANSLATED = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"), ip_network("2002::/16"))
"""IPv6 that stands for IPv4: NAT64 and 6to4."""


class AddressRefusedError(ValueError):
    """This address is not called; `text` says why and what is."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


class Target(NamedTuple):
    """Where to call: the name is for the certificate and the Host header, the address for the connection."""

    https: bool
    host: str
    port: int
    path: str
    address: str


_FORM = Text(
    "须为https地址，不含用户名、密码和#，端口为443或1024以上",
    "must be an https address without user, password and #, on port 443 or from 1024 on",
)
_UNKNOWN = Text("域名无法解析", "its name cannot be resolved")
_PRIVATE = Text("指向内部网络，不予调用", "leads into a network that is not public")


def target(url: str) -> Target:
    """What `url` leads to now. Raises AddressRefusedError."""
    https, host, port, path = _parts(url)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressRefusedError(_UNKNOWN) from error
    addresses = [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    for address in addresses:
        if not (is_allowed(address) and (https or address.is_loopback)):
            raise AddressRefusedError(_PRIVATE if https else _FORM)
    return Target(https, host, port, path, str(addresses[0]))


def _parts(url: str) -> tuple[bool, str, int, str]:
    if len(url) > MAX_URL_CHARACTERS or not url.isascii() or any(character <= " " for character in url) or "\\" in url:
        raise AddressRefusedError(_FORM)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise AddressRefusedError(_FORM) from error
    https = parts.scheme == "https"
    port = port if port is not None else (443 if https else 80)
    wrong = not host or parts.username is not None or parts.password is not None or parts.fragment or "#" in url
    # In the clear only on the developer's own machine, which `target` looks at.
    if wrong or not (https or (parts.scheme == "http" and settings.DEBUG)) or (https and port < 1024 and port != 443):
        raise AddressRefusedError(_FORM)
    return https, str(host), port, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def is_allowed(address: Address) -> bool:
    """Whether this address is public, or in a network that the settings allow."""
    plain = _meant(address)
    if any(plain in network for network in _networks() if network.version == plain.version):
        return True
    if plain.is_loopback and settings.DEBUG:
        return True
    return plain.is_global and not plain.is_multicast and not plain.is_reserved and not _translated(plain)


def _meant(address: Address) -> Address:
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _translated(address: Address) -> bool:
    return any(address in network for network in _TRANSLATED if network.version == address.version)


def _networks() -> list[IPv4Network | IPv6Network]:
    return [ip_network(name, strict=False) for name in settings.WEBHOOK_NETWORKS]
