"""Every shipped template set is complete, and each of its phrasings reads well on its task."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from datakit.geometry import View
from datakit.instructize.choices import ChoiceStyle
from datakit.instructize.sandbox import Phrasing
from datakit.instructize.tasks.base import BoxStyle, Setting, Task, find_task, task_names
from datakit.instructize.template_set import (
    Template,
    TemplateSet,
    load_template_set,
    template_folders,
    template_set_names,
)

FOLDERS = template_folders()
NAMES = template_set_names(FOLDERS)
OPTIONAL = ("statement", "hint", "context", "lecture", "rationale", "layout", "input")
OPTIONS = ("options", "choices", "letter")  # of a problem in mathematics
TEMPLATES_PER_SET = 10  # Honeybee's "multi"
LEAST_INVERSIONS = 3  # its "multi+flip"
LEAST_WITHOUT_NEEDS = 6


def load(name: str) -> tuple[TemplateSet, Task]:
    templates = load_template_set(name, FOLDERS)
    return templates, find_task(templates.task)


def example(templates: TemplateSet, task: Task) -> dict[str, Any]:
    """The fields that the set's templates get of the task's example."""
    style = ChoiceStyle(labels=templates.choices.labels, answer=templates.choices.answer)
    setting = Setting(boxes=BoxStyle(), choices=style, images=(View((640, 480)),), draw=("test",))
    payload = orjson.loads(orjson.dumps(task.example))
    return dict(task.exchanges(payload, setting)[0].fields)


def without(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: "" if name in names else value for name, value in fields.items()}


def variants(task: Task, fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The fields with all that is optional, without each part of it, and without any."""
    yield fields
    present = [name for name in OPTIONAL if fields.get(name)]
    yield from (without(fields, name) for name in present)
    yield without(fields, *present)
    if task.name == "math":
        yield without(fields, *OPTIONS)
        yield without(fields, *OPTIONS, *present)


def render(source: str, task: Task, fields: dict[str, Any]) -> str:
    return Phrasing(source, frozenset(task.fields)).render(fields)


def sources(template: Template) -> list[str]:
    return [s for s in (template.user, template.next, template.assistant) if s is not None]


def is_bare(source: str) -> bool:
    """Whether a phrasing is a record's fields and nothing else, the name of a hint aside."""
    return not re.search(r"[a-z]", re.sub(r"{{.*?}}|{%.*?%}|Hint:", "", source))


@pytest.mark.parametrize("name", NAMES)
def test_a_set_has_as_many_phrasings_as_diversity_promises(name: str) -> None:
    templates, task = load(name)
    if task.name == "conversation":
        assert len(templates.templates) == 1 and not templates.inversions
        return
    assert len(templates.templates) == TEMPLATES_PER_SET
    if not task.no_inversion or "layout" in task.fields:
        assert len(templates.inversions) >= LEAST_INVERSIONS
    assert not templates.templates[0].needs, "it alone is used under `diversity: single`"
    assert sum(not t.needs for t in templates.templates) >= LEAST_WITHOUT_NEEDS
    if task.name == "rec":
        assert templates.inversion_share == 0.5
        assert len(templates.inversions) == TEMPLATES_PER_SET


@pytest.mark.parametrize("name", NAMES)
def test_no_two_phrasings_of_a_set_read_alike(name: str) -> None:
    templates, task = load(name)
    fields = example(templates, task)
    every = [*templates.templates, *templates.inversions]
    first = [render(t.user, task, fields) for t in every]
    assert len(set(first)) == len(first)
    for template, user in zip(every, first, strict=True):
        assert template.next is None or render(template.next, task, fields) != user, template.id
    plain, inverted = (
        {render(t.next, task, fields) for t in part if t.next is not None}
        for part in (templates.templates, templates.inversions)
    )
    assert not plain & inverted
    worded = [t.next for t in every if t.next is not None and not is_bare(t.next)]
    assert len({render(source, task, fields) for source in worded}) == len(worded)


@pytest.mark.parametrize("name", NAMES)
def test_a_later_turn_of_merged_records_has_a_phrasing_of_its_own(name: str) -> None:
    templates, task = load(name)
    for template in (*templates.templates, *templates.inversions):
        assert (template.next is not None) == (task.merges and not is_bare(template.user))


@pytest.mark.parametrize("name", NAMES)
def test_every_rendering_is_tidy(name: str) -> None:
    templates, task = load(name)
    fields = example(templates, task)
    for template in (*templates.templates, *templates.inversions):
        usable = [f for f in variants(task, fields) if all(f[need] for need in template.needs)]
        assert usable, f"{template.id}: the example lacks one of {template.needs}"
        for source in sources(template):
            for some in usable:
                text = render(source, task, some)
                assert text and text == text.strip(), (template.id, text)
                assert not re.search(r"  |[ \t]\n|\n\n\n|\n[ \t]", text), (template.id, text)


@pytest.mark.parametrize("name", NAMES)
def test_an_inversion_answers_with_what_the_others_ask(name: str) -> None:
    templates, _ = load(name)
    answers = {template.assistant for template in templates.templates}
    for template in templates.inversions:
        assert template.assistant not in answers or "layout" in template.needs, template.id


def test_coarse_sets_share_no_phrasing_but_the_bare_ones() -> None:
    seen: dict[str, str] = {}
    for name in NAMES:
        if not name.startswith("coarse/"):
            continue
        for template in load(name)[0].templates:
            if not is_bare(template.user):
                assert template.user not in seen, (name, seen[template.user])
                seen[template.user] = name


def test_each_task_has_a_coarse_set_and_each_set_is_of_its_task() -> None:
    assert {name for name in NAMES if name.startswith("coarse/")} == {
        f"coarse/{task}" for task in task_names()
    }
    assert all(load(f"coarse/{task}")[0].task == task for task in task_names())
