"""Start of the service: `python -m heliograph.api`."""

from heliograph.garbage import collect_rarely
from heliograph.stopping import end_at_once_when_stopped

end_at_once_when_stopped()
collect_rarely()

from functools import partial

from heliograph.api.app import main
from heliograph.api.settings import Settings
from heliograph.contract import Service
from heliograph.runtime import run_service

if __name__ == "__main__":
    settings = Settings()
    raise SystemExit(run_service(Service.API, settings, partial(main, settings)))
