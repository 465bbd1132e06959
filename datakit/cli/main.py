"""`datakit`: the verbs, one file each."""

from __future__ import annotations

import typer

from datakit.cli import (
    build,
    cache,
    check,
    demo,
    diff,
    export,
    info,
    init,
    list_names,
    plan,
    preview,
    push,
    schema,
    show,
    verify,
    why,
)
from datakit.console import run_app
from datakit.io.collector import spared_by_collector
from datakit.version import VERSION

app = typer.Typer(
    name="datakit",
    help="Vision-language training data, from raw datasets to shards.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Any command with --debug shows the traceback of an error.",
)


def _version(value: bool) -> None:
    if value:
        print(f"datakit {VERSION}")
        raise typer.Exit


@app.callback()
def _main(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    del version


app.command("init")(init.init)
app.command("build")(build.build)
app.command("plan")(plan.plan)
app.command("check")(check.check)
app.command("preview")(preview.preview)
app.command("list")(list_names.list_names)
app.command("show")(show.show)
app.command("schema")(schema.schema)
app.command("info")(info.info)
app.command("verify")(verify.verify)
app.command("why")(why.why)
app.command("diff")(diff.diff)
app.command("export")(export.export)
app.command("push")(push.push)
app.command("cache")(cache.cache)
app.command("demo")(demo.demo)


def run() -> None:
    """The console script."""
    with spared_by_collector():
        run_app(app)
