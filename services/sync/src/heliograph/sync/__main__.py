"""Start of sync: `python -m heliograph.sync`."""

from heliograph.garbage import collect_rarely
from heliograph.stopping import end_at_once_when_stopped

end_at_once_when_stopped()
collect_rarely()

from heliograph.contract import Service
from heliograph.runtime import run_service
from heliograph.sync.app import main
from heliograph.sync.settings import Settings

if __name__ == "__main__":
    settings = Settings()
    raise SystemExit(run_service(Service.SYNC, settings, lambda context: main(context, settings)))
