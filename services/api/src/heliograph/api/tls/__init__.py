"""TLS of the page and the REST API: a certificate that is given, or one that the gateway makes and renews itself.

Nothing is imported here: `worker` runs in a process of its own and holds what it needs alone.
"""
