"""`datakit check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datakit.cli.options import (
    JsonOption,
    MixtureArgument,
    RootOption,
    SetOption,
    TemplatesOption,
)

if TYPE_CHECKING:
    from datakit.errors import Problem
    from datakit.planning import ResolvedMixture


def check(
    mixture: MixtureArgument,
    root: RootOption = None,
    templates: TemplatesOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a mixture: keys, names, paths, templates, and the first records of each source.

    Where data are missing, list what to download, from where and where to.
    """
    import datakit
    from datakit.cli.shopping_list import list_fields, shopping_list
    from datakit.errors import ConfigError, MissingDataError

    try:
        resolved = datakit.resolve(
            mixture, root=root, templates=templates, overrides=overrides or ()
        )
    except ConfigError as error:
        if not all(problem.missing_data for problem in error.problems):
            raise
        wanted = datakit.downloads(mixture, root=root, overrides=overrides or ())
        _print(list_fields(wanted) if as_json else shopping_list(wanted))
        raise MissingDataError(_missing(error.problems)) from None
    datakit.check(resolved)
    _print(_fields(resolved) if as_json else _summary(resolved))


def _print(answer: str | dict[str, Any]) -> None:
    from datakit.console import print_json

    if isinstance(answer, str):
        print(answer)
    else:
        print_json(answer)


def _missing(problems: tuple[Problem, ...]) -> str:
    """How many paths are missing, and those that may only be misspelled."""
    from datakit.console import counted

    hints = [f"\n  {problem}" for problem in problems if "Did you mean" in problem.found]
    return (
        f"nothing is at {counted(len(problems), 'path')} of the mixture. Download what is listed, "
        f"or name the folder of the data with --root.{''.join(hints)}"
    )


def _summary(mixture: ResolvedMixture) -> str:
    from datakit.console import counted, format_table

    header = ["source", "dataset", "converter", "templates", "path"]
    rows = [list(row.values()) for row in _fields(mixture)["sources"]]
    table = format_table(header, rows, left=len(header))
    return f"{mixture.spec.name} is well: {counted(len(rows), 'source')}.\n\n{table}"


def _fields(mixture: ResolvedMixture) -> dict[str, Any]:
    sources = [
        {
            "name": source.name,
            "dataset": source.spec.dataset,
            "converter": source.converter,
            "template_set": source.instructions.set_name,
            "path": str(source.path),
        }
        for source in mixture.sources
    ]
    return {"name": mixture.spec.name, "well": True, "sources": sources}
