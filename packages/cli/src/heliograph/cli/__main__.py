"""Start of the command: the script `heliograph`, and `python -m heliograph.cli`."""

import sys

from heliograph.garbage import collect_rarely
from heliograph.stopping import end_at_once_when_stopped

if sys.argv[1:2] == ["up"]:  # any other command that is stopped has not done what it was asked for
    end_at_once_when_stopped()
collect_rarely()

from heliograph.cli.main import main

if __name__ == "__main__":
    main()
