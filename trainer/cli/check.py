"""`trainer check`."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import redirect_stdout
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trainer.cli.preflight_text import amount, preflight_text

if TYPE_CHECKING:
    from trainer.benching.preflight import StagePreflight
    from trainer.costs.model_report import ModelReport


def check(
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="A recipe file, or the name of a shipped one.")
    ],
    gpus: Annotated[int, typer.Option("--gpus", min=1, help="That ZeRO spreads over.")] = 8,
    text_tokens: Annotated[
        int, typer.Option("--text-tokens", min=0, help="Of a sample, beside those of its image.")
    ] = 256,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key.")
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data", metavar="[NAME=]DIR", help="A build, as for `fit`: read it and count, too."
        ),
    ] = None,
    run_longest: Annotated[
        bool | None,
        typer.Option(
            "--run-longest/--no-run-longest",
            help="With --data: run the longest micro-batch once; by itself on a GPU only.",
        ),
    ] = None,
    tflops: Annotated[
        float | None,
        typer.Option(
            "--tflops",
            min=0.000001,
            help="With --data: 10^12 operations a second that a GPU will do, to tell the hours.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check a recipe; count what its model costs and, with --data, what training will do."""
    import trainer
    from datakit.console import print_json
    from datakit.errors import UsageError

    if not data and (run_longest is not None or tflops is not None):
        raise UsageError("--run-longest and --tflops are for a build: give --data DIR.")
    report = trainer.check(recipe, gpus=gpus, text_tokens=text_tokens, overrides=overrides or ())
    if not as_json:
        print(_text(report), flush=True)
    stages = _preflight(recipe, data, gpus, tflops, run_longest, overrides) if data else []
    if as_json:
        print_json(_fields(report) | {"preflight": [asdict(stage) for stage in stages]})
    elif stages:
        print(preflight_text(stages, gpus=gpus))


def _preflight(
    recipe: str,
    data: list[str],
    gpus: int,
    tflops: float | None,
    run_longest: bool | None,
    overrides: list[str] | None,
) -> list[StagePreflight]:
    """What it tells on the way goes to the console's other stream: the result may be JSON."""
    import trainer
    from trainer.data.choose import parse_given

    with redirect_stdout(sys.stderr):
        return trainer.preflight(
            recipe,
            data=parse_given(data),
            gpus=gpus,
            tflops=tflops,
            run_longest=run_longest,
            overrides=overrides or (),
        )


def _text(report: ModelReport) -> str:
    from datakit.console import counted, format_table, screen_width, size_text

    trained = _trained_by_stage(report)
    names = list(trained)
    rows = [
        [
            part.name,
            part.what,
            amount(part.parameters),
            amount(part.forward_flops),
            *(_mark(part.parameters, parts[part.name]) for parts in trained.values()),
        ]
        for part in report.parts
    ]
    header = ["part", "what it makes of a view", "parameters", "forward FLOP", *names]
    parts = format_table(header, rows, left=2, width=screen_width())
    rows = [
        [
            stage.name,
            amount(sum(stage.trained_parameters.values())),
            amount(stage.step_flops),
            *(size_text(memory.total_bytes) for memory in stage.memory.values()),
        ]
        for stage in report.stages
    ]
    header = ["stage", "parameters", "step FLOP/sample", *(f"ZeRO-{zero}" for zero in range(4))]
    units = {1: "trained", 3: f"on each of {counted(report.gpus, 'GPU')}"}
    stages = format_table(header, rows, units=units, width=screen_width())
    return "\n\n".join(
        [
            f"{report.name}: {amount(report.parameters)} parameters, "
            f"{counted(report.visual_tokens, 'visual token')} a view.",
            parts,
            f"Forward: {amount(report.view_flops)}FLOP a view, {amount(report.sample_flops)}FLOP "
            f"a sample of one view\nand {report.sample_tokens:,} tokens in all.",
            stages,
            "Memory is of weights, gradients and optimizer; activations come on top.",
        ]
    )


def _trained_by_stage(report: ModelReport) -> dict[str, Counter[str]]:
    """Parameters that train, by part and stage; shares of a stage are one."""
    trained: dict[str, Counter[str]] = {}
    for cost in report.stages:
        stage = trained.setdefault(cost.name.partition("/")[0], Counter())
        stage.update(cost.trained_parameters)
    return trained


def _mark(parameters: int, trained: int) -> str:
    return "trains" if trained else "frozen" if parameters else "-"


def _fields(report: ModelReport) -> dict[str, Any]:
    return {
        "name": report.name,
        "parameters": report.parameters,
        "visual_tokens_per_view": report.visual_tokens,
        "sample_tokens": report.sample_tokens,
        "forward_flops_per_view": report.view_flops,
        "forward_flops_per_sample": report.sample_flops,
        "gpus": report.gpus,
        "parts": [
            {
                "name": part.name,
                "what": part.what,
                "parameters": part.parameters,
                "forward_flops": part.forward_flops,
            }
            for part in report.parts
        ],
        "stages": [
            {
                "name": stage.name,
                "trained_parameters": dict(stage.trained_parameters),
                "step_flops_per_sample": stage.step_flops,
                "memory_bytes_per_gpu": {
                    f"zero_{zero}": memory.total_bytes for zero, memory in stage.memory.items()
                },
            }
            for stage in report.stages
        ],
    }
