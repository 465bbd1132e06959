"""Runs in processes of their own, which come by forking one that has imported everything."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.trainer.conftest import SMALL


@dataclass(frozen=True)
class Forks:
    """A process that runs `trainer fit tiny` in forks of itself."""

    process: subprocess.Popen[str]
    build: Path

    def fit(self, out: Path, *settings: str, processes: int = 1, **job: Any) -> list[int]:
        """Trains; returns the statuses of the processes. See `tests.trainer.forks` for `job`."""
        command = ["fit", "tiny", "--data", str(self.build), "--out", str(out)]
        for setting in (*SMALL, *settings):
            command += ["--set", setting]
        job |= {"command": command, "console": str(console(out)), "processes": processes}
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        statuses: list[int] = json.loads(self.process.stdout.readline())
        return statuses


def console(out: Path) -> Path:
    """What the processes of a run print; the rank is its ending."""
    return out.with_name(f"{out.name}.console")


def losses(run: Path, stage: str = "tune") -> list[float]:
    """The losses that a run wrote down; its steps are counted without gap or repetition."""
    lines = (run / stage / "metrics.jsonl").read_text().splitlines()
    steps = [json.loads(line) for line in lines]
    assert [step["step"] for step in steps] == list(range(1, len(steps) + 1))
    return [step["loss"] for step in steps]


@pytest.fixture(scope="session")
def forks(build_path: Path) -> Iterator[Forks]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.trainer.forks"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as process:
        yield Forks(process, build_path)
        assert process.stdin is not None
        process.stdin.close()
