"""`trainer fit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def fit(
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="A recipe file, or the name of a shipped one.")
    ],
    data: Annotated[Path, typer.Option("--data", help="Folder that `datakit build` wrote.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the run; must be new or empty.")],
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Override a key, such as stages.tune.steps=50."
        ),
    ] = None,
    stage: Annotated[
        str | None,
        typer.Option(
            "--stage",
            metavar="STAGE[/ENCODER]",
            help="Train this one only; what it starts from must be in --out.",
        ),
    ] = None,
) -> None:
    """Train a recipe's stages on a build, alone or under a launcher."""
    import trainer

    trainer.fit(recipe, data=data, out=out, overrides=overrides or (), stage=stage)
