"""A bucket server for all tests of this folder: moto's, on loopback, over the real protocol."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
import s3fs


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The server's URL; the environment names it to every client, also in other processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    keys = {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url,
    }
    command = [sys.executable, "-m", "moto.server", "-p", str(port)]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in keys.items():
            patch.setenv(name, value)
        with subprocess.Popen(
            command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=dict(os.environ)
        ) as server:
            for _ in range(600):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield url
            server.kill()


@pytest.fixture
def bucket(endpoint: str) -> str:
    """The URL of a new, empty bucket."""
    name = f"bucket-{uuid4().hex[:12]}"
    s3fs.S3FileSystem(endpoint_url=endpoint).mkdir(name)
    return f"s3://{name}"
