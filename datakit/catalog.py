"""What there is to choose from: converters, datasets, template sets, mixtures."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from datakit.console import counted
from datakit.errors import UsageError, nearest
from datakit.instructize import (
    Instructions,
    Instructor,
    find_template_set,
    load_template_set,
    template_folders,
    template_set_names,
)
from datakit.mixture import find_mixture, load_mixture
from datakit.registry import shipped_folder
from datakit.sources import (
    converter_names,
    dataset_names,
    find_converter,
    load_dataset_entry,
)

Kind = Literal["converters", "datasets", "templates", "mixtures"]

SAMPLE_FIELDS: dict[str, dict[str, Any]] = {
    "vqa-open": {
        "question": "How many bars are shown in the chart?",
        "answer": "3",
        "answers": ["3", "three"],
    },
    "conversation": {
        "messages": [
            {"role": "user", "content": "<image>\nDescribe the scene."},
            {"role": "assistant", "content": "A red bus waits at a stop."},
        ]
    },
}


def summaries(kind: Kind, templates: Path | None = None) -> list[tuple[str, str]]:
    """Name and one line of each thing of a kind."""
    if kind == "converters":
        return [(n, _first_line(find_converter(n).__doc__)) for n in converter_names()]
    if kind == "datasets":
        entries = [(name, load_dataset_entry(name)) for name in dataset_names()]
        return [(n, f"{e.title} ({e.task}; read by {e.converter})") for n, e in entries]
    if kind == "mixtures":
        files = sorted(shipped_folder("mixtures").glob("*.yaml"))
        return [(file.stem, _mixture_line(file)) for file in files]
    folders = template_folders(templates)
    sets = [(n, load_template_set(n, folders)) for n in template_set_names(folders)]
    return [
        (n, f"{s.task}, {counted(len(s.templates), 'phrasing')}, {s.answer} answers")
        for n, s in sets
    ]


def describe(kind: str, name: str, templates: Path | None = None) -> str:
    """All there is to know of one thing, as text.

    Args:
        kind: converter, dataset, template or mixture.

    Raises:
        UsageError: an unknown kind or name; the nearest are given.
    """
    describers: dict[str, Callable[[str], str]] = {
        "converter": _describe_converter,
        "dataset": _describe_dataset,
        "mixture": lambda name: find_mixture(name).read_text(encoding="utf-8"),
        "template": lambda name: _describe_template(name, templates),
    }
    if kind not in describers:
        raise UsageError(f"cannot show a {kind!r}. {nearest(kind, list(describers))}")
    return describers[kind](name).rstrip()


def _describe_converter(name: str) -> str:
    kind = find_converter(name)
    options = [
        f"  {key}: {field.default!r}  {field.description or ''}".rstrip()
        for key, field in kind.Options.model_fields.items()
    ]
    used_by = [n for n in dataset_names() if load_dataset_entry(n).converter == name]
    parts = [
        f"converter {name}",
        inspect.cleandoc(kind.__doc__ or ""),
        f"splits: {', '.join(kind.splits) or 'none'}",
        "\n".join(["options:", *options]) if options else "options: none",
        f"datasets: {', '.join(used_by)}",
    ]
    return "\n\n".join(parts)


def _describe_dataset(name: str) -> str:
    entry = load_dataset_entry(name).model_dump()
    return "\n".join([f"dataset {name}", *(f"  {key}: {value}" for key, value in entry.items())])


def _describe_template(name: str, templates: Path | None) -> str:
    folders = template_folders(templates)
    loaded = load_template_set(name, folders)
    lines = [
        f"template set {name} ({find_template_set(name, folders)})",
        f"  task: {loaded.task}",
        f"  answer: {loaded.answer}",
        "",
        "rendered on a sample record:",
    ]
    for template in loaded.templates:
        only = loaded.model_copy(update={"templates": [template]})
        how = Instructions(
            set_name=name,
            templates=only,
            prompt="",
            prompt_at="none",
            system_prompt=None,
            seed=0,
        )
        rendered = Instructor(how).render("sample", [("0", SAMPLE_FIELDS[loaded.task])], 1)
        texts = [f"    {m.role}: {m.content!r}" for m in rendered.messages]
        lines += ["", f"  {template.id}", *texts]
    return "\n".join(lines)


def _mixture_line(file: Path) -> str:
    mixture = load_mixture(file).value
    return (
        f"{counted(len(mixture.sources), 'source')}: {', '.join(s.name for s in mixture.sources)}"
    )


def _first_line(doc: str | None) -> str:
    return inspect.cleandoc(doc or "").partition("\n")[0]
