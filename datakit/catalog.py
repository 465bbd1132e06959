"""What there is to choose from: converters, datasets, template sets, mixtures."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import orjson

from datakit.console import counted, format_table, size_text
from datakit.errors import UsageError, nearest
from datakit.instructize import (
    ChoiceStyle,
    Instructions,
    Instructor,
    Part,
    TemplateSet,
    find_task,
    find_template_set,
    load_template_set,
    template_folders,
    template_set_names,
)
from datakit.instructize.tasks.base import EXAMPLE_VIEW
from datakit.instructize.template_set import Template
from datakit.mixture import find_mixture, load_mixture
from datakit.registry import data_names, shipped_folder
from datakit.sources import (
    Download,
    converter_names,
    dataset_names,
    find_converter,
    load_dataset_entry,
)

Kind = Literal["converters", "datasets", "templates", "mixtures"]


def summaries(kind: Kind, templates: Path | None = None) -> list[tuple[str, str]]:
    """Name and one line of each thing of a kind."""
    if kind == "converters":
        return [(n, _first_line(find_converter(n).__doc__)) for n in converter_names()]
    if kind == "datasets":
        entries = [(name, load_dataset_entry(name)) for name in dataset_names()]
        return [(n, f"{e.title} ({e.task}; read by {e.converter})") for n, e in entries]
    if kind == "mixtures":
        folder = shipped_folder("mixtures")
        return [(name, _mixture_line(folder / f"{name}.yaml")) for name in data_names(folder)]
    folders = template_folders(templates)
    sets = [(n, load_template_set(n, folders)) for n in template_set_names(folders)]
    return [(name, _set_line(found)) for name, found in sets]


def _set_line(found: TemplateSet) -> str:
    """`vqa-open, 10 phrasings and 3 inverted, short answers`."""
    inverted = f" and {len(found.inversions)} inverted" if found.inversions else ""
    phrasings = counted(len(found.templates), "phrasing")
    return f"{found.task}, {phrasings}{inverted}, {found.answer} answers"


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
        "mixture": _describe_mixture,
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
        "\n".join(["datasets, and how to get them:", *map(_how_to_get, used_by)]),
    ]
    return "\n\n".join(parts)


def _how_to_get(name: str) -> str:
    entry = load_dataset_entry(name)
    return "\n".join(
        [
            f"  {name}: {entry.title}",
            f"    {entry.get}",
            f"    {entry.homepage}; license: {entry.license}",
            f"    {entry.citation}",
        ]
    )


def _describe_dataset(name: str) -> str:
    entry = load_dataset_entry(name)
    fields = entry.model_dump(exclude={"download"})
    lines = [f"dataset {name}", *(f"  {key}: {value}" for key, value in fields.items())]
    lines += ["  download:"] if entry.download else []
    return "\n".join([*lines, *(f"    {_download_line(item)}" for item in entry.download)])


def _download_line(item: Download) -> str:
    """`train2014 of the images, from http://… (13.5 GB; split train)`."""
    facts = [
        *([size_text(item.size_bytes)] if item.size_bytes else []),
        *([f"split {' or '.join(item.splits)}"] if item.splits else []),
        *(["where the path names it"] if item.one_of else []),
        *([item.note] if item.note else []),
    ]
    told = f" ({'; '.join(facts)})" if facts else ""
    what = f"{item.to} of the images" if item.images else item.to
    return f"{what}, from {item.url}{told}"


def _describe_template(name: str, templates: Path | None) -> str:
    folders = template_folders(templates)
    loaded = load_template_set(name, folders)
    task = find_task(loaded.task)
    share = "the mixture's" if loaded.inversion_share is None else f"{loaded.inversion_share}"
    lines = [
        f"template set {name} ({find_template_set(name, folders)})",
        f"  task: {loaded.task} ({task.title})",
        f"  answer: {loaded.answer}",
        f"  share of inverted samples: {share if loaded.inversions else 'none'}",
        *(f"  no inversion: {task.no_inversion}" for _ in range(not loaded.inversions)),
        "  fields of a record:",
        *(f"    {field}: {meaning}" for field, meaning in task.fields.items()),
        "",
        "rendered on a sample record:",
    ]
    for template in loaded.templates:
        lines += _rendered(name, loaded, template, inverted=False)
    for template in loaded.inversions:
        lines += _rendered(name, loaded, template, inverted=True)
    return "\n".join(lines)


def _rendered(name: str, found: TemplateSet, template: Template, *, inverted: bool) -> list[str]:
    """One template on the task's example record."""
    part = "inversions" if inverted else "templates"
    update: dict[str, Any] = {part: [template]}
    if not inverted:
        update["inversions"] = []
    task = find_task(found.task)
    payload = orjson.loads(orjson.dumps(task.example))
    how = Instructions(
        source="sample",
        set_name=name,
        templates=found.model_copy(update=update),
        seed=0,
        inversion_share=float(inverted),
        choices=ChoiceStyle(labels=found.choices.labels, answer=found.choices.answer),
    )
    who = Instructor(how)
    record = Part(instructor=who, record_id="0", payload=payload)
    turn = who.turns("sample", 0, record, [EXAMPLE_VIEW])[0]
    note = " (inverted)" if inverted else ""
    needs = f" (needs {', '.join(template.needs)})" if template.needs else ""
    return [
        "",
        f"  {template.id}{note}{needs}",
        *_indented("user", turn.user),
        *_indented("assistant", turn.assistant),
    ]


def _indented(role: str, text: str) -> list[str]:
    first, *rest = text.splitlines() or [""]
    return [f"    {role}: {first}", *(f"    {' ' * len(role)}  {line}" for line in rest)]


def _mixture_line(file: Path) -> str:
    """What its first comment says, and how many sources it has."""
    comment = file.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ").rstrip(".")
    return f"{comment} ({counted(len(load_mixture(file).value.sources), 'source')})"


def _describe_mixture(name: str) -> str:
    """The file as it is written, and a row for each source of it and of what it extends."""
    path = find_mixture(name)
    mixture = load_mixture(path).value
    shared = mixture.balance
    header = ["source", "dataset", "records", "samples", "weight", "repeats", "license"]
    rows = [
        [
            source.name,
            source.dataset,
            _most(source.cap_records),
            _most(source.cap_samples or shared.cap_samples),
            f"{source.weight:g}" if shared.strategy == "weighted" else "-",
            f"{source.max_repeats or shared.max_repeats}",
            source.license or _license(source.dataset),
        ]
        for source in mixture.sources
    ]
    table = format_table(header, rows, left=len(header), units={2: "at most"})
    return f"{path.read_text(encoding='utf-8').rstrip()}\n\n{table}"


def _most(cap: int | None) -> str:
    return "all" if cap is None else f"{cap:,}"


def _license(dataset: str) -> str:
    return load_dataset_entry(dataset).license if dataset in dataset_names() else "?"


def _first_line(doc: str | None) -> str:
    return inspect.cleandoc(doc or "").partition("\n")[0]
