"""The environment of commands: nothing beyond what every service has."""

from heliograph.runtime import ServiceSettings


class Settings(ServiceSettings):
    """See `ServiceSettings`; the journal lies in `state_dir`."""
