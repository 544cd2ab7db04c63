"""What every service takes from its environment."""

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """The environment of a service. Each service adds its own in its `settings.py`."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    bus_url: str = "nats://127.0.0.1:4222"
    """Address of the broker."""
    bus_password_file: Path | None = None
    """File with this service's password on the bus."""
    bus_password: SecretStr = SecretStr("")
    """The password itself, where there is no file."""
    state_dir: Path = Path("state")
    """Directory that this service alone owns: databases and files that survive a restart."""
    alive_file: Path | None = None
    """Touched every few seconds while the service is well; for health checks."""
    log_level: str = "info"
    """What goes to standard error: debug, info, warning or error."""

    def password(self) -> str:
        """Return the password on the bus, from the file where one is named."""
        if self.bus_password_file is not None:
            return self.bus_password_file.read_text(encoding="utf-8").strip()
        return self.bus_password.get_secret_value()
