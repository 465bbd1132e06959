"""Processor time of a whole machine: workers of a fork server are counted as nobody's children."""

from __future__ import annotations

import os
from pathlib import Path

BUSY = slice(1, 4)  # of a line of /proc/stat: user, nice, system


def machine_cpu_s() -> float:
    """Seconds that all processors together have worked since the machine started.

    What else runs counts too: measure on a machine that does nothing else.
    """
    total = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return sum(map(int, total[BUSY])) / os.sysconf("SC_CLK_TCK")
