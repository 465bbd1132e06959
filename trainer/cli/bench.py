"""`trainer bench`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from trainer.benching.bench import BenchRow


def bench(
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="A recipe file, or the name of a shipped one.")
    ],
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data", metavar="[NAME=]DIR", help="A build, as for `fit`: steps with it, too."
        ),
    ] = None,
    stage: Annotated[
        str | None,
        typer.Option("--stage", metavar="STAGE[/ENCODER]", help="The last where none is named."),
    ] = None,
    steps: Annotated[
        int, typer.Option("--steps", min=1, help="That are measured, after two that are not.")
    ] = 8,
    text_tokens: Annotated[
        int,
        typer.Option("--text-tokens", min=1, help="Of a synthetic sample, beside its image's."),
    ] = 256,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure steps of a recipe, packed and padded, without data and with; keep nothing."""
    import os
    import sys
    from contextlib import redirect_stdout
    from dataclasses import asdict

    import trainer
    from datakit.console import print_json
    from trainer.data.choose import parse_given

    with redirect_stdout(sys.stderr):  # what is told on the way
        rows = trainer.bench(
            recipe,
            data=parse_given(data or ()),
            stage=stage,
            steps=steps,
            text_tokens=text_tokens,
            overrides=overrides or (),
        )
    if os.environ.get("RANK", os.environ.get("SLURM_PROCID", "0")) != "0":
        return
    if as_json:
        print_json({"rows": [asdict(row) for row in rows]})
    else:
        print(_text(rows))


def _text(rows: list[BenchRow]) -> str:
    from datakit.console import counted, format_table, screen_width, size_text

    header = ["data", "rows", "samples/s", "tokens/s", "images/s", "used", "wait", "padding"]
    table = [
        [
            row.data,
            row.rows,
            f"{row.samples_per_second:,.1f}",
            f"{row.tokens_per_second:,.0f}",
            f"{row.images_per_second:,.1f}",
            "?" if row.utilisation_share is None else f"{row.utilisation_share:.1%}",
            f"{row.data_wait_share:.0%}",
            f"{row.padding_share:.0%}",
            size_text(row.peak_memory_bytes),
        ]
        for row in rows
    ]
    text = format_table([*header, "peak memory"], table, left=2, width=screen_width())
    return f"stage {rows[0].stage}: {counted(rows[0].steps, 'step')} each\n{text}"
