"""`datakit check`."""

from __future__ import annotations

from datakit.cli.options import MixtureArgument, RootOption, SetOption, TemplatesOption


def check(
    mixture: MixtureArgument,
    root: RootOption = None,
    templates: TemplatesOption = None,
    overrides: SetOption = None,
) -> None:
    """Check a mixture: keys, names, paths, templates, and the first records of each source."""
    import datakit
    from datakit.console import counted, format_table

    resolved = datakit.resolve(mixture, root=root, templates=templates, overrides=overrides or ())
    datakit.check(resolved)
    header = ["source", "dataset", "converter", "templates", "path"]
    rows = [
        [s.name, s.spec.dataset, s.converter, s.instructions.set_name, str(s.path)]
        for s in resolved.sources
    ]
    print(f"{resolved.spec.name} is well: {counted(len(rows), 'source')}.\n")
    print(format_table(header, rows, left=len(header)))
