"""`python -m heliograph.demo`: the whole main job with a simulated plant and local servers."""

from heliograph.garbage import collect_rarely
from heliograph.stopping import end_at_once_when_stopped

if __name__ == "__main__":
    end_at_once_when_stopped()
    collect_rarely()

import argparse
import logging
from pathlib import Path

from heliograph.demo.launcher import Options, run


def main(arguments: list[str] | None = None) -> int:
    """Read the command line and run the demo; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m heliograph.demo", description="The whole gateway on a simulated plant, without Docker."
    )
    parser.add_argument("--for", dest="seconds", type=float, metavar="SECONDS",
                        help="end by itself; status 0 only when data files arrived on both servers")  # fmt: skip
    parser.add_argument("--state", type=Path, default=Path("demo-state"), metavar="DIR",
                        help="where all of the demo lives (default: demo-state)")  # fmt: skip
    parser.add_argument("--api-port", type=int, metavar="N",
                        help="port of the page (default: 8080, else the next free)")  # fmt: skip
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another weather (default: 1)")
    known = parser.parse_args(arguments)
    # The servers of the demo log what their clients do; the terminal is for people.
    logging.getLogger().addHandler(logging.NullHandler())
    return run(Options(known.state, known.seconds, known.api_port, known.seed))


if __name__ == "__main__":
    raise SystemExit(main())
