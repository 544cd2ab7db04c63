"""TLS of the page and the REST API: a certificate that is given, or one that the gateway makes and renews itself."""

from heliograph.api.tls.keeper import BadCertificate, Keeper, Places, certificate_keeper

__all__ = ["BadCertificate", "Keeper", "Places", "certificate_keeper"]
