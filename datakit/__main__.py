"""`python -m datakit`."""

from datakit.cli.main import run

run()
