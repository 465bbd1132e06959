"""Curves on TensorBoard, and in Weights & Biases' own file."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.trainer.conftest import Fit, run_python
from trainer.training.watch.boards import WeightsAndBiases

pytest.importorskip("wandb", reason="the extra `wandb` is not installed")

HEADER_BYTES, BLOCK_BYTES = 7, 2**15  # of the file, LevelDB's log


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_CONSOLE", "off")


@pytest.mark.usefixtures("offline")
def test_both_boards_show_every_step(fit: Fit) -> None:
    out = fit("wandb=charts", "stages.project.steps=4", "stages.tune.steps=1")
    folder = out / "project"
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    written = [json.loads(line)["loss"] for line in lines]
    board = EventAccumulator(str(folder)).Reload()
    assert [event.value for event in board.Scalars("loss")] == pytest.approx(written)
    (file,) = folder.glob("wandb/offline-run-*/*.wandb")
    rows = list(_history(file))
    assert [row["step"] for row in rows] == [1, 2, 3, 4]
    assert [row["loss"] for row in rows] == written
    assert {"grad_norm", "lr/*", "loss_by_source/scenes"} <= set(rows[0])
    assert file.name == f"run-{(folder / 'wandb-id').read_text()}.wandb"


@pytest.mark.usefixtures("offline")
def test_a_stage_that_goes_on_is_the_same_run(tmp_path: Path) -> None:
    for step in (1, 2):
        board = WeightsAndBiases(tmp_path, project="charts", name="tiny/tune")
        board.add(step, {"loss": 1 / step})
        board.close()
    files = [path.name for path in tmp_path.glob("wandb/offline-run-*/*.wandb")]
    assert set(files) == {f"run-{(tmp_path / 'wandb-id').read_text()}.wandb"}


def test_without_a_key_the_run_ends_before_the_first_step(
    build_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))  # where a key could lie
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    out = tmp_path / "run"
    places = ("--data", str(build_path), "--out", str(out))
    done = run_python("-m", "trainer", "fit", "tiny", *places, "--set", "wandb=charts")
    assert done.returncode == 2
    assert "wandb: charts: No API key configured" in done.stderr
    assert not (out / "project" / "metrics.jsonl").exists()


def _history(file: Path) -> Iterator[dict[str, float]]:
    """What was logged, a step at a time."""
    from wandb.proto import wandb_internal_pb2 as protocol

    for data in _records(file.read_bytes()):
        record: Any = protocol.Record.FromString(data)  # type: ignore[attr-defined]
        if record.WhichOneof("record_type") == "history":
            items = record.history.item
            yield {i.key or "/".join(i.nested_key): json.loads(i.value_json) for i in items}


def _records(log: bytes) -> Iterator[bytes]:
    """Records of a LevelDB log: checksum, length and type, then a part; blocks of 32 KiB."""
    at, parts = HEADER_BYTES, b""
    while at < len(log):
        left = BLOCK_BYTES - at % BLOCK_BYTES
        if left < HEADER_BYTES:
            at += left
            continue
        _, length, kind = struct.unpack_from("<IHB", log, at)
        at += HEADER_BYTES
        parts += log[at : at + length]
        at += length
        if kind in (1, 4):  # whole, or the last part
            yield parts
            parts = b""
