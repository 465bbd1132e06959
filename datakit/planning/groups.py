"""Which sources are used, and which share conversations."""

from __future__ import annotations

from collections.abc import Sequence

from datakit.errors import nearest
from datakit.mixture import Source
from datakit.planning.problems import Problems
from datakit.sources import dataset_names, load_dataset_entry

# What one conversation can have only one of.
SHARED_SETTINGS = ("multi_turn", "max_turns", "dedup", "system_prompt", "instruction_at", "boxes")


def left_out(problems: Problems) -> set[str]:
    """Names of the sources that `leave_out` names, by themselves or by what they are."""
    names: dict[str, set[str]] = {}
    specs = problems.loaded.value.sources
    for spec in specs:
        own = [spec.name, spec.dataset]
        if spec.dataset in dataset_names():
            entry = load_dataset_entry(spec.dataset)
            own += [entry.task, entry.category]
        for name in own:
            names.setdefault(name, set()).add(spec.name)
    left: set[str] = set()
    for index, name in enumerate(problems.loaded.value.leave_out):
        is_part = any(s.split_by and name.startswith(f"{s.name}-") for s in specs)
        if not is_part and name not in names and name not in known_groups():
            problems.add(
                ("leave_out", index),
                f"no source is, or is of, {name!r}.",
                nearest(name, list(names)),
            )
        left |= names.get(name, set())
    if left and len(left) == len(problems.loaded.value.sources):
        problems.add(("leave_out",), "no source is left.")
    return left


def check_category_shares(problems: Problems, unused: set[str]) -> None:
    """Each category that has a share is that of a source."""
    specs = problems.loaded.value.sources
    known = {s.dataset for s in specs if s.name not in unused} & set(dataset_names())
    found = {load_dataset_entry(name).category for name in known}
    for name in problems.loaded.value.balance.category_shares:
        if name not in found:
            problems.add(
                ("balance", "category_shares", name),
                f"no source is of the category {name!r}.",
                nearest(name, sorted(found)),
            )


def check_groups(problems: Problems) -> None:
    """Each group of `merge_sources` names sources, and no source is in two."""
    specs = problems.loaded.value.sources
    names = [spec.name for spec in specs]
    seen: set[str] = set()
    for index, group in enumerate(problems.loaded.value.merge_sources):
        for place, name in enumerate(group):
            at = ("merge_sources", index, place)
            if name not in names:
                problems.add(at, f"no source {name!r}.", nearest(name, names))
            elif next(spec for spec in specs if spec.name == name).split_by:
                problems.add(at, f"{name!r} is split by a field, and shares no conversations.")
            elif name in seen:
                problems.add(at, f"{name!r} is named twice.")
            seen.add(name)
        _check_settings(problems, index, [spec for spec in specs if spec.name in group])


def _check_settings(problems: Problems, group: int, members: Sequence[Source]) -> None:
    """What one conversation can have only one of is the same for all sources of a group."""
    hows = [problems.loaded.value.instructize_of(spec) for spec in members]
    for key in SHARED_SETTINGS:
        values = [getattr(how, key) for how in hows]
        if any(value != values[0] for value in values):
            names = " and ".join(spec.name for spec in members)
            problems.add(
                ("merge_sources", group),
                f"{names} share conversations, but differ in `instructize.{key}`.",
                "Give them one.",
            )


def known_groups() -> set[str]:
    """Names of all datasets, and of their tasks and categories."""
    entries = {name: load_dataset_entry(name) for name in dataset_names()}
    return {n for name, entry in entries.items() for n in (name, entry.task, entry.category)}
