"""In a container, clients of its machine come from the bridge's address: that one may read without a token."""

from ipaddress import ip_address, ip_network

from heliograph.api.bridge import bridge_networks
from heliograph.api.settings import Settings

ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth1\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000013AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
"""


def test_the_default_gateway_alone_is_the_bridge(tmp_path):
    (tmp_path / "route").write_text(ROUTES)
    assert bridge_networks(tmp_path / "route") == (ip_network("192.168.1.1/32"),)


def test_a_machine_without_a_default_route_has_no_bridge(tmp_path):
    (tmp_path / "route").write_text(ROUTES.splitlines()[0] + "\n")
    assert bridge_networks(tmp_path / "route") == ()
    assert bridge_networks(tmp_path / "missing") == ()


def test_the_word_stands_beside_networks():
    networks = Settings(api_open_to="127.0.0.0/8,bridge").open_networks
    assert ip_network("127.0.0.0/8") in networks
    assert all(network.num_addresses == 1 for network in networks[1:])
    assert ip_address("127.0.0.1") in networks[0]
