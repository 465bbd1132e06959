"""Builds to push, and a Hub on loopback that the real client talks to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import datakit
from tests.publishing.hub_server import WRITER, Hub, running_hub
from tests.releases import Release, write_releases


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return write_releases(tmp_path_factory.mktemp("push"))


@pytest.fixture(scope="session")
def build(raw: Release) -> Path:
    """A build of several shards."""
    out = raw.root.with_name("build")
    datakit.build(raw.mixture, out=out, workers=1, overrides=["output.shard_samples=3"])
    return out


@pytest.fixture(scope="session")
def smaller(raw: Release) -> Path:
    """A build of another mixture, with fewer shards."""
    out = raw.root.with_name("smaller")
    changes = ["output.shard_samples=9", "seed=8"]
    datakit.build(raw.mixture, out=out, workers=1, overrides=changes)
    return out


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """An empty Hub; commands that are started here talk to it as one who may write."""
    with running_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
        monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))
        monkeypatch.setenv("HF_TOKEN", WRITER)
        yield hub
