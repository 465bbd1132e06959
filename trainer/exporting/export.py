"""From a checkpoint to a folder that transformers loads."""

from __future__ import annotations

from pathlib import Path

import transformers

from datakit.errors import OutputError
from trainer.exporting.standalone import make_standalone
from trainer.training.checkpoints.open import open_model
from trainer.training.save import whole_folder, write_model


def export(checkpoint: Path | str, *, out: Path | str, standalone: bool = False) -> Path:
    """Writes a model in transformers' format, whole or not at all.

    Args:
        checkpoint: see `open_model`.
        out: the folder to write; must be new or empty.
        standalone: whether to add the code, so that it loads with `trust_remote_code=True` where
            this package is not installed.

    Returns:
        The folder that was written.

    Raises:
        UsageError: there is no model at `checkpoint`.
        OutputError: `out` holds something already, or cannot be written.
        TrainingError: the checkpoint does not hold the whole model.
    """
    target = Path(out)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise OutputError(f"{target} holds something already. Give --out a new folder.")
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    opened = open_model(Path(checkpoint))
    try:
        with whole_folder(target) as temporary:
            write_model(temporary, opened.model, opened.processor)
            if standalone:
                make_standalone(temporary, name=target.resolve().name)
    except OSError as error:
        raise OutputError(f"{target} cannot be written: {error.strerror or error}.") from error
    return target
