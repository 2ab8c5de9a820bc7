"""What kind of place an IP address is, for servers whose address a person gives: against requests that a server is
made to forge (OWASP, "Server-Side Request Forgery Prevention Cheat Sheet"). Pure: names are resolved elsewhere.

Sources: the registries of special addresses, https://www.iana.org/assignments/iana-ipv4-special-registry and
https://www.iana.org/assignments/iana-ipv6-special-registry; of metadata services, each cloud's own documents.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Literal, TypeAlias

Place: TypeAlias = Literal["public", "private", "loopback", "forbidden"]
"""`forbidden`: nobody's server is there that one could mean (multicast, reserved, link-local), or it is a cloud's
metadata service, which hands out the machine's own credentials."""

_Address: TypeAlias = IPv4Address | IPv6Address
_Network: TypeAlias = IPv4Network | IPv6Network

# In networks that are public or private otherwise; those of link-local addresses are forbidden with all of them.
_METADATA: Final = frozenset(
    ip_address(text)
    for text in (
        "168.63.129.16",  # Azure: https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
        "100.100.100.200",  # Alibaba Cloud: https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata
        "192.0.0.192",  # Oracle Cloud, classic
        "fd00:ec2::254",  # AWS: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
        "fd20:ce::254",  # Google Cloud: https://cloud.google.com/compute/docs/metadata/overview
    )
)
_PRIVATE: Final[tuple[_Network, ...]] = tuple(
    ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")  # RFC 1918, 6598, 4193
)
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")  # RFC 6052
_TRANSLATED_LOCALLY: Final = IPv6Network("64:ff9b:1::/48")  # RFC 8215: how it embeds an address is not told


def place_of(address: str) -> Place:
    """Where an address in its usual spelling leads. Raises ValueError for what is none (a name, `127.1`)."""
    return _place(ip_address(address))


def is_address(host: str) -> bool:
    """Whether a host is written as an address, and not as a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _place(address: _Address) -> Place:
    inner = _embedded(address)
    if inner is not None:
        return _place(inner)
    if address in _METADATA:
        return "forbidden"
    if address.is_loopback:
        return "loopback"
    if any(address.version == network.version and address in network for network in _PRIVATE):
        return "private"
    special = address.is_multicast or address.is_reserved or address.is_link_local or address.is_unspecified
    if special or not address.is_global or address in _TRANSLATED_LOCALLY:
        return "forbidden"
    return "public"


def _embedded(address: _Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for: mapped, 6to4 (RFC 3056), Teredo's client (RFC 4380), NAT64."""
    if isinstance(address, IPv4Address):
        return None
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour
