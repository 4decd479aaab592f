"""Which addresses may be fetched from: those of the public internet, unless told otherwise."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
REFUSED = "is not a public address"


def public(address: str) -> bool:
    """Whether an IP address is one of the public internet, also where another is wrapped in it.

    >>> public("93.184.216.34"), public("169.254.169.254"), public("::ffff:127.0.0.1")
    (True, False, False)
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if ip in _NAT64:
            inner.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
        if any(one is not None and not public(str(one)) for one in inner):
            return False
        if ip.ipv4_mapped is not None or ip in _NAT64:
            return True
        if ip.is_site_local:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def guarded(found: Any) -> socket.socket:
    """A socket for a resolved address that is public.

    Called with the very address that is connected to: a name that resolves to something else
    a moment later gains nothing.
    """
    family, kind, protocol, _, place = found
    if not public(str(place[0])):
        raise PermissionError(f"{place[0]} {REFUSED}")
    return socket.socket(family, kind, protocol)
