"""What `datakit --help` costs beside a bare `import typer`, whole processes in turn.

    python benchmarks/help_time.py

Prints the median of each and the ratio; the first pair is discarded.
"""

from __future__ import annotations

import platform
import statistics
import subprocess
import sys
import time

PAIRS = 15
BARE = [sys.executable, "-c", "import typer"]
HELP = [sys.executable, "-c", "import sys; sys.argv = ['datakit', '--help']\n"
        "from datakit.cli.main import run\nrun()"]  # fmt: skip


def seconds(command: list[str]) -> float:
    """Wall time of one process."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    pairs = [(seconds(BARE), seconds(HELP)) for _ in range(PAIRS + 1)][1:]
    bare, help_page = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratios = sorted(page / alone for alone, page in pairs)
    print(f"{platform.platform()}, Python {platform.python_version()}, {PAIRS} pairs")
    print(f"python -c 'import typer'   median {bare * 1e3:6.1f} ms")
    print(f"datakit --help             median {help_page * 1e3:6.1f} ms")
    print(f"ratio                      median {statistics.median(ratios):6.2f}"
          f"   ({ratios[0]:.2f} to {ratios[-1]:.2f})")  # fmt: skip


if __name__ == "__main__":
    main()
