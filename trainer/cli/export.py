"""`trainer export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    checkpoint: Annotated[
        Path,
        typer.Argument(
            metavar="CHECKPOINT",
            help="RUN, RUN/<stage>, its model/, or its checkpoints/step-…, of any ZeRO stage.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder to write; must be new or empty.")],
    standalone: Annotated[
        bool,
        typer.Option(
            "--standalone",
            help="Add the code: it then loads with trust_remote_code=True, without this package.",
        ),
    ] = False,
) -> None:
    """Write a trained model as a folder that transformers loads."""
    import trainer

    print(trainer.export(checkpoint, out=out, standalone=standalone))
