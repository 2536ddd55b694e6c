"""Whose word about a client's address is believed: that of our own proxies, and of nobody else."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address, ip_network


class Proxies:
    """The addresses and networks of the proxies before us. None: every peer speaks for itself."""

    __slots__ = ("_networks",)

    def __init__(self, networks: Iterable[str] = ()) -> None:
        """Such as `127.0.0.1` or `10.0.0.0/8`; raises ValueError for what is neither."""
        self._networks = tuple(ip_network(name, strict=False) for name in networks)

    def client(self, peer: str, forwarded_for: str | None) -> str:
        """Who stands behind `peer`: in X-Forwarded-For the last address that is none of ours."""
        address = peer
        for part in reversed((forwarded_for or "").split(",")):
            named = _address(part)
            if named is None or not self._ours(address):
                break
            address = named
        return address

    def _ours(self, address: str) -> bool:
        found = _address(address)
        return found is not None and any(ip_address(found) in network for network in self._networks)


def _address(text: str) -> str | None:
    """An address without its port or brackets, IPv4 as IPv4; None when it is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped or found)
