"""Forwarded ports: a Modbus TCP server in front of a serial line, between the gateway's own polls (spec 2.1).

links → line ← forwarding.port (queue, answers) ← forwarding.client (one connection) ← other masters
"""

from heliograph.collector.forwarding.port import ForwardedPort, ForwardSettings, Oversight, Unattended
from heliograph.collector.forwarding.ports import ForwardedPorts

__all__ = ["ForwardSettings", "ForwardedPort", "ForwardedPorts", "Oversight", "Unattended"]
