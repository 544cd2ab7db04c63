"""`python -m heliograph.cli`: the same as the script `heliograph`."""

from heliograph.cli.main import main

main()
