"""Where checkpoints are."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from datakit.io.atomic import TEMPORARY_SUFFIX
from trainer.errors import TrainingError

FORMAT_VERSION = 1
STATE_FILE = "state.json"
STEP_NAME = re.compile(r"step-(\d+)")


def checkpoint_folder(stage_folder: Path, step: int) -> Path:
    """The folder of the checkpoint after a step, counted from 1."""
    return stage_folder / "checkpoints" / f"step-{step:06d}"


def whole_checkpoints(stage_folder: Path) -> list[Path]:
    """All checkpoints of a stage, the oldest first; what is unfinished has another name."""
    found = {
        int(match[1]): path
        for path in (stage_folder / "checkpoints").glob("step-*")
        if (match := STEP_NAME.fullmatch(path.name))
    }
    return [found[step] for step in sorted(found)]


def remove_older(stage_folder: Path, keep: int) -> None:
    """Removes all but the newest checkpoints; one that is half removed is no longer one."""
    for path in whole_checkpoints(stage_folder)[:-keep]:
        leaving = path.with_name(path.name + TEMPORARY_SUFFIX)
        shutil.rmtree(leaving, ignore_errors=True)
        path.rename(leaving)
        shutil.rmtree(leaving)


def remove_unfinished(stage_folder: Path) -> None:
    """Removes what a killed run has left of a checkpoint."""
    for path in (stage_folder / "checkpoints").glob(f"step-*{TEMPORARY_SUFFIX}"):
        shutil.rmtree(path)


def read_state(checkpoint: Path) -> dict[str, Any]:
    """What a checkpoint says of itself.

    Raises:
        TrainingError: it cannot be read, or is of a newer format.
    """
    try:
        state: dict[str, Any] = json.loads((checkpoint / STATE_FILE).read_bytes())
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"the checkpoint {checkpoint} cannot be read: {error}. Remove it: the one before it, "
            "or the start of the stage, then serves."
        ) from error
    if state["format_version"] > FORMAT_VERSION:
        raise TrainingError(
            f"the checkpoint {checkpoint} is of format {state['format_version']}, and this version "
            f"reads up to {FORMAT_VERSION}. Use the version that wrote it, or a newer one."
        )
    return state
