"""Start the collector: `python -m heliograph.collector`."""

from heliograph.garbage import collect_rarely
from heliograph.stopping import end_at_once_when_stopped

end_at_once_when_stopped()
collect_rarely()

from heliograph.collector.app import main
from heliograph.collector.inputs.kept import FILE as COUNTERS
from heliograph.collector.settings import CollectorSettings
from heliograph.contract import Service
from heliograph.runtime import run_service

if __name__ == "__main__":
    settings = CollectorSettings()
    raise SystemExit(run_service(Service.COLLECTOR, settings, main(settings), spared=(COUNTERS,)))
