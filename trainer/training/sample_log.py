"""Writes down samples that are met while training and not used, of all processes in one file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import TypeVar

from trainer.data.faulty import FaultySample
from trainer.data.select import DroppedSample
from trainer.errors import TrainingError
from trainer.training.processes import Processes

Sample = TypeVar("Sample", DroppedSample, FaultySample)

FAULTY = "faulty.jsonl"
DROPPED = "dropped.jsonl"


class SampleLog:
    """`faulty.jsonl` and `dropped.jsonl` of a stage: a line a sample, with the step and the reason.

    Args:
        most_faulty: samples that may be impossible to read; those of earlier runs of the stage
            count.
    """

    def __init__(self, folder: Path, *, most_faulty: int, processes: Processes) -> None:
        self.folder = folder
        self.most_faulty = most_faulty
        self.processes = processes
        faulty = folder / FAULTY
        self.num_faulty = len(faulty.read_text().splitlines()) if faulty.is_file() else 0

    def note_dropped(self, step: int, own: Sequence[DroppedSample], total: int) -> None:
        """Notes samples that turned out too long, or without anything to learn.

        Args:
            own: those of this process.
            total: of all processes, which therefore all come here with the same number.
        """
        self._write(DROPPED, step, own, total)

    def note_faulty(self, step: int, own: Sequence[FaultySample], total: int) -> None:
        """Notes samples that cannot be read; arguments as above.

        Raises:
            TrainingError: they are too many, in every process.
        """
        found = self._write(FAULTY, step, own, total)
        self.num_faulty += total
        if found and self.num_faulty > self.most_faulty:
            raise TrainingError(
                f"step {step}: {self.num_faulty:,} samples of this stage could not be read, and "
                f"{self.most_faulty:,} may (max_faulty_share). The last: {found[-1].error} All "
                f"are in {self.folder / FAULTY}. Check the build: datakit verify DIR."
            )

    def _write(self, name: str, step: int, own: Sequence[Sample], total: int) -> list[Sample]:
        if not total:
            return []
        found = list(chain.from_iterable(self.processes.gather(list(own))))
        if self.processes.is_main:
            with (self.folder / name).open("a", encoding="utf-8") as file:
                file.writelines(
                    json.dumps({"step": step, **asdict(sample)}) + "\n" for sample in found
                )
        return found
