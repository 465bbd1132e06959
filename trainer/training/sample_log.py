"""Writes down samples that are met while training and not used, of all processes in one file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import TypeVar

from datakit.io.atomic import write_whole
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
        most_faulty: samples that may be impossible to read; those of the steps that are done
            count.
        start_step: steps that are done; what was noted of later ones is forgotten.
    """

    def __init__(
        self, folder: Path, *, most_faulty: int, processes: Processes, start_step: int = 0
    ) -> None:
        self.folder = folder
        self.most_faulty = most_faulty
        self.processes = processes
        self.num_faulty = self._go_on(start_step)

    def _go_on(self, start_step: int) -> int:
        """Keeps what was noted of the steps that are done; returns how many were faulty."""
        path = self.folder / FAULTY
        if not path.is_file():
            return 0
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if json.loads(line)["step"] <= start_step]
        if self.processes.is_main:
            write_whole(path, "".join(kept).encode())
        return len(kept)

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
