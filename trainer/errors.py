"""What the trainer adds to datakit's tree of errors.

    DatakitError
    └── TrainingError   (1)    the work failed after the recipe and the data were accepted
        ├── DivergedError (1)  the loss is no number, or a spike; the batch is written down
        └── StoppedError (143) SIGTERM stopped it, and it saved; 130 for SIGINT

A message says what was found, what was expected, where, and how to mend it.
"""

from __future__ import annotations

from datakit.errors import DatakitError


class TrainingError(DatakitError):
    """Training, saving or loading failed."""


class DivergedError(TrainingError):
    """The loss is no number any more, or far above what it was."""


class StoppedError(TrainingError):
    """A signal stopped the run, which saved what it had."""

    exit_status = 143
