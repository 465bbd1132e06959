"""`trainer fit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def fit(
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="A recipe file, or the name of a shipped one.")
    ],
    out: Annotated[
        Path,
        typer.Option("--out", help="Folder of the run: new, empty, or this run's, which goes on."),
    ],
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data",
            metavar="[NAME=]DIR",
            help="What `datakit build` wrote, a folder or a URL: for all stages or, given again "
            "with a NAME each, for those that have it as `data`.",
        ),
    ] = None,
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
    """Train a recipe's stages on builds, alone or under a launcher; go on where it stopped."""
    import trainer
    from trainer.data.choose import parse_given

    given = parse_given(data or ())
    trainer.fit(recipe, data=given, out=out, overrides=overrides or (), stage=stage)
