"""Disks that are small or read-only, in a mount namespace of their own, where that is allowed."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest


def namespace() -> tuple[str, ...]:
    """The command that runs another one with mounts of its own; where nobody may, it skips."""
    command = _namespace()
    if command is None:
        pytest.skip("no right to mount a tmpfs, not even in a namespace of its own")
    return command


@cache
def _namespace() -> tuple[str, ...] | None:
    for command in (("unshare", "-m"), ("unshare", "-Urm")):
        probe = [*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
        try:
            if subprocess.run(probe, capture_output=True).returncode == 0:
                return command
        except OSError:
            return None
    return None


def run_on_disk(
    folder: Path, options: str, code: str, *arguments: object
) -> subprocess.CompletedProcess[str]:
    """Runs Python code while a tmpfs with these mount options lies over `folder`."""
    script = 'mount -t tmpfs -o "$1" tmpfs "$2" && shift 2 && exec "$@"'
    command = [*namespace(), "sh", "-c", script, "sh", options, folder, sys.executable, "-c", code]
    return subprocess.run(
        [*map(str, command), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        env=dict(os.environ),
    )
