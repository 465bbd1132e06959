"""A Ray cluster of two nodes that share no disk, on one machine; the second is lost on the way.

    python -m tests.shards.two_nodes MIXTURE LOCAL_RAW BUCKET [--shard-samples 3]

BUCKET/raw holds the raw data, too. Prints as JSON how data of this machine alone are refused, how
many shards there are, and the digests of what was built into BUCKET/out while a node was killed.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import datakit
from datakit.errors import UsageError
from tests.shards.outputs import digests_of

# The second node hides folders from itself: those of the raw data and Ray's own.
HIDING = 'for f in $1; do mount -t tmpfs tmpfs "$f"; done; shift; exec "$@"'
START = "from ray.scripts.scripts import main; main()"
SECONDS_TO_JOIN = 120


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mixture")
    parser.add_argument("raw", type=Path)
    parser.add_argument("bucket")
    parser.add_argument("--namespace", default="unshare -m")
    parser.add_argument("--shard-samples", type=int, default=3)
    options = parser.parse_args()
    overrides = [f"output.shard_samples={options.shard_samples}", "max_reject_share=1"]
    with TemporaryDirectory() as out, two_nodes(options.namespace, options.raw) as second:
        refusal = ""
        try:
            datakit.build(options.mixture, root=options.raw, out=f"{out}/out", engine="ray")
        except UsageError as error:
            refusal = str(error)

        def kill(_shard: object, done: int, _total: int) -> None:
            if done == 1:
                kill_node(second)

        result = datakit.build(
            options.mixture,
            root=f"{options.bucket}/raw",
            out=f"{options.bucket}/out",
            engine="ray",
            overrides=overrides,
            progress=datakit.Progress(on_shard=kill),
        )
    found = {
        "refusal": refusal,
        "shards": len(result.manifest.shards),
        "second_node_ended_with": second.returncode,
        "digests": digests_of(f"{options.bucket}/out"),
    }
    sys.stdout.write(json.dumps(found) + "\n")


@contextmanager
def two_nodes(namespace: str, hidden: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Starts both, one core each, and names them to Ray; yields the process of the second."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    own = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": uuid4().hex}
    os.environ.update(own)  # before Ray is imported, which reads them once
    port = f"--port={address.rpartition(':')[2]}"
    ip = "--node-ip-address=127.0.0.1"
    first = _start([], "--head", ip, port, "--include-dashboard=false")
    in_namespace = [*namespace.split(), "sh", "-c", HIDING, "sh", f"/tmp/ray {hidden}"]
    try:
        _wait_for_nodes(address, 1)
        second = _start(in_namespace, f"--address={address}")
        try:
            _wait_for_nodes(address, 2)
            os.environ["RAY_ADDRESS"] = address
            yield second
            _wait_for_nodes(address, 1)
        finally:
            kill_node(second)
    finally:
        kill_node(first)


def _start(before: list[str], *options: str) -> subprocess.Popen[bytes]:
    command = [*before, sys.executable, "-c", START, "start", "--num-cpus=1", "--block", *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)


def kill_node(process: subprocess.Popen[bytes]) -> None:
    """Kills every process of a node at once, as if its machine had lost its power."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _wait_for_nodes(address: str, count: int) -> None:
    """Waits until exactly so many nodes are alive."""
    import ray

    end = time.monotonic() + SECONDS_TO_JOIN
    while True:
        alive = 0
        with suppress(ConnectionError):
            ray.init(address=address, logging_level="FATAL", log_to_driver=False)
            alive = sum(node["Alive"] for node in ray.nodes())
            ray.shutdown()
        if alive == count:
            return
        assert time.monotonic() < end, f"{alive} nodes, not {count}"
        time.sleep(0.5)


if __name__ == "__main__":
    main()
