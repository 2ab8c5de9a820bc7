"""Where addresses lead, and that no other spelling of one leads past the judgement."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.addresses import is_address, place_of

NAT64 = int(IPv6Address("64:ff9b::"))
SIX_TO_FOUR = int(IPv6Address("2002::"))
MAPPED = int(IPv6Address("::ffff:0:0"))


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("8.8.8.8", "public"),
        ("2606:4700:4700::1111", "public"),
        ("10.1.2.3", "private"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("172.32.0.1", "public"),
        ("192.168.1.5", "private"),
        ("100.64.0.1", "private"),
        ("fd12:3456::1", "private"),
        ("127.0.0.1", "loopback"),
        ("127.255.0.9", "loopback"),
        ("::1", "loopback"),
        ("169.254.169.254", "forbidden"),
        ("169.254.170.2", "forbidden"),
        ("fe80::1", "forbidden"),
        ("fe80::1%eth0", "forbidden"),
        ("100.100.100.200", "forbidden"),
        ("168.63.129.16", "forbidden"),
        ("192.0.0.192", "forbidden"),
        ("fd00:ec2::254", "forbidden"),
        ("0.0.0.0", "forbidden"),
        ("0.1.2.3", "forbidden"),
        ("::", "forbidden"),
        ("224.0.0.1", "forbidden"),
        ("ff02::1", "forbidden"),
        ("240.0.0.1", "forbidden"),
        ("255.255.255.255", "forbidden"),
        ("192.0.2.1", "forbidden"),
        ("198.18.0.1", "forbidden"),
        ("2001:db8::1", "forbidden"),
        ("64:ff9b:1::a9fe:a9fe", "forbidden"),
        ("::ffff:169.254.169.254", "forbidden"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:10.0.0.1", "private"),
        ("64:ff9b::a9fe:a9fe", "forbidden"),
        ("64:ff9b::808:808", "public"),
        ("2002:a9fe:a9fe::", "forbidden"),
        ("2002:7f00:1::", "loopback"),
    ],
)
def test_an_address_leads_somewhere(address: str, place: str) -> None:
    assert place_of(address) == place


@given(st.ip_addresses(v=4))
def test_an_address_within_another_leads_to_the_same_place(address: IPv4Address) -> None:
    number, place = int(address), place_of(str(address))
    assert place_of(str(IPv6Address(MAPPED | number))) == place
    assert place_of(str(IPv6Address(NAT64 | number))) == place
    assert place_of(str(IPv6Address(SIX_TO_FOUR | number << 80))) == place


@given(st.ip_addresses())
def test_what_is_public_is_in_no_special_network(address: IPv4Address | IPv6Address) -> None:
    if place_of(str(address)) == "public" and not isinstance(address, IPv6Address):
        assert address.is_global
    if isinstance(address, IPv6Address) and address in IPv6Network("fe80::/10"):
        assert place_of(str(address)) == "forbidden"


@pytest.mark.parametrize("host", ["localhost", "127.1", "0x7f.1", "2130706433", "example.com", "", "10.0.0.1."])
def test_a_name_is_no_address(host: str) -> None:
    assert not is_address(host)
    with pytest.raises(ValueError, match="address"):
        place_of(host)


@given(st.ip_addresses())
def test_every_address_is_one(address: IPv4Address | IPv6Address) -> None:
    assert is_address(str(address))
