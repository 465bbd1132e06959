"""A Ray cluster of two nodes that share no disk, on one machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import ray

from tests.shards.small_disk import namespace

RAY = [sys.executable, "-m", "ray.scripts.scripts"]
# The node hides folders of this machine from itself: data and Ray's own files.
NODE = 'for f in $1; do mount -t tmpfs tmpfs "$f"; done; shift; exec "$@"'


@dataclass(frozen=True)
class TwoNodes:
    """The address of the first node, and the process of the second."""

    address: str
    second: subprocess.Popen[bytes]

    def kill_second(self) -> None:
        """As if its machine had lost its power."""
        with suppress(ProcessLookupError):
            os.killpg(self.second.pid, signal.SIGKILL)
        self.second.wait()


@contextmanager
def two_nodes(*hidden: Path) -> Iterator[TwoNodes]:
    """Starts both, one core each; the second has empty folders where `hidden` are."""
    started = subprocess.run(
        [*RAY, "start", "--head", "--port=0", "--num-cpus=1", "--include-dashboard=false"],
        check=True,
        capture_output=True,
        text=True,
        env=_environment(),
    )
    address = started.stdout.partition("--address='")[2].partition("'")[0]
    folders = " ".join(map(str, ["/tmp/ray", *hidden]))
    join = [*RAY, "start", f"--address={address}", "--num-cpus=1", "--block"]
    second = subprocess.Popen(
        [*namespace(), "sh", "-c", NODE, "sh", folders, *join],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=_environment(),
    )
    nodes = TwoNodes(address, second)
    try:
        _wait_for_both(address)
        yield nodes
    finally:
        nodes.kill_second()
        subprocess.run([*RAY, "stop", "--force"], capture_output=True, check=False)


def _wait_for_both(address: str) -> None:
    ray.init(address=address, logging_level="ERROR", log_to_driver=False)
    try:
        for _ in range(600):
            if sum(node["Alive"] for node in ray.nodes()) == 2:
                return
            time.sleep(0.1)
        raise TimeoutError("the second node did not come")
    finally:
        ray.shutdown()


def _environment() -> dict[str, str]:
    return {**os.environ, "RAY_USAGE_STATS_ENABLED": "0"}
