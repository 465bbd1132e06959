"""`trainer`: the verbs, one file each."""

from __future__ import annotations

from typing import Annotated

import typer

from datakit.console import run_app
from trainer.cli import bench, chat, check, export, fit
from trainer.cli import list as listing

OF_EXTRA = {"deepspeed", "peft", "tensorboard", "timm", "torch", "torchvision", "transformers"}

app = typer.Typer(
    name="trainer",
    help="Encoder-mixture vision-language models, trained on what datakit builds.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Any command with --debug shows the traceback of an error.",
)


@app.callback()
def _main(
    local_rank: Annotated[int | None, typer.Option("--local_rank", hidden=True)] = None,
) -> None:
    del local_rank  # deepspeed's launcher passes it; the environment has it too


app.command("check")(check.check)
app.command("list")(listing.list_kind)
app.command("fit")(fit.fit)
app.command("bench")(bench.bench)
app.command("chat")(chat.chat)
app.command("export")(export.export)


def run() -> None:
    """The console script."""
    run_app(app, extra="train", of_extra=OF_EXTRA)
