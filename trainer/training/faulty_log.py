"""Counts what could not be read, writes it down, and ends a stage where it is too much."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path

from trainer.data.faulty import FaultySample
from trainer.errors import TrainingError
from trainer.training.processes import Processes

FAULTY = "faulty.jsonl"


class FaultyLog:
    """`faulty.jsonl` of a stage: a line a sample, with the step, the error and its replacement."""

    def __init__(self, folder: Path, *, most: int, processes: Processes) -> None:
        """Takes up the count of an earlier run of the stage.

        Args:
            most: faulty samples that the stage may meet.
        """
        self.path = folder / FAULTY
        self.most = most
        self.processes = processes
        self.count = len(self.path.read_text().splitlines()) if self.path.is_file() else 0

    def note(self, step: int, own: Sequence[FaultySample], total: int) -> None:
        """Notes the faulty samples of a step.

        Args:
            own: those of this process.
            total: of all processes, which therefore all come here with the same number.

        Raises:
            TrainingError: they are too many, in every process.
        """
        if not total:
            return
        found = list(chain.from_iterable(self.processes.gather(list(own))))
        self.count += total
        if self.processes.is_main:
            lines = [json.dumps({"step": step, **asdict(sample)}) + "\n" for sample in found]
            with self.path.open("a", encoding="utf-8") as file:
                file.writelines(lines)
        if self.count > self.most:
            raise TrainingError(
                f"step {step}: {self.count:,} samples could not be read, and "
                f"{self.most:,} may (max_faulty_share). The last: {found[-1].error} All are in "
                f"{self.path}. Check the build: datakit verify DIR."
            )
