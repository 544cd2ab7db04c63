"""Speaks to the servers: the only owner of their connections, of the spool and of the configuration."""
