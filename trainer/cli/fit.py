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
        typer.Option("--set", metavar="KEY=VALUE", help="Override a key; may be given again."),
    ] = None,
) -> None:
    """Train all stages of a recipe on a build; also under torchrun and deepspeed."""
    import trainer

    trainer.fit(recipe, data=data, out=out, overrides=overrides or ())
