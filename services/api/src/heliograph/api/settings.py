"""The environment of the api."""

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from heliograph.api.bridge import bridge_networks
from heliograph.runtime import ServiceSettings

Network = IPv4Network | IPv6Network


class Settings(ServiceSettings):
    """Where the api listens and whom it answers."""

    api_host: str = "127.0.0.1"
    """Address to listen on: `127.0.0.1`, `::1`, `0.0.0.0`, `::`, or a name."""
    api_port: int = Field(default=8080, ge=0, le=65535)
    gateway_api_token: SecretStr = SecretStr("")
    """The token. When it is set, reads need it too; when it is empty, one is made in `state_dir`."""
    api_open_to: str = "127.0.0.0/8,::1/128"
    """Networks, separated by commas, whose clients may read without a token as long as none is set.

    In a container a client of the same machine comes through the bridge: the word `bridge` stands for its address.
    That is safe only while the port is published on the loopback.
    """
    api_names: str = "localhost"
    """Host names, separated by commas, by which clients without a token may call this gateway; addresses always may."""

    api_password_memory_kib: int = Field(default=19_456, ge=8, le=1_048_576)
    """Memory that hashing one password takes, argon2id; two are hashed at a time at most."""
    api_password_rounds: int = Field(default=2, ge=1, le=100)
    """Rounds of hashing a password."""
    api_tls: Literal["off", "generated", "given"] = "off"
    """`generated`: with a certificate of the gateway's own; `given`: with that of `api_tls_certificate`."""
    api_tls_certificate: Path | None = None
    """PEM file of a given certificate, with its chain."""
    api_tls_key: Path | None = None
    """PEM file of its private key, without a password."""

    api_published_on: str = ""
    """In a container: the address of the machine on which its port is published. Empty: what `api_host` says."""

    @field_validator("api_open_to")
    @classmethod
    def _networks_are_right(cls, value: str) -> str:
        _networks(value)
        return value

    @property
    def open_networks(self) -> tuple[Network, ...]:
        """`api_open_to`, read."""
        return _networks(self.api_open_to)

    @property
    def is_on_loopback(self) -> bool:
        """Whether only this machine reaches the page."""
        where = self.api_published_on.strip() or self.api_host
        try:
            return ip_address(where).is_loopback
        except ValueError:
            return where.lower() == "localhost"

    @property
    def names(self) -> frozenset[str]:
        """`api_names`, read."""
        return frozenset(name.strip().lower().rstrip(".") for name in self.api_names.split(",") if name.strip())


def _networks(text: str) -> tuple[Network, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    named = tuple(ip_network(part) for part in parts if part != "bridge")
    return (*named, *bridge_networks()) if "bridge" in parts else named
