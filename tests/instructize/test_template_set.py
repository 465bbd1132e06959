"""Template sets: how they are found, checked and named."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit.errors import ConfigError
from datakit.instructize import (
    bare_set,
    find_task,
    load_template_set,
    task_names,
    template_folders,
    template_set_names,
)
from datakit.sources import dataset_names, load_dataset_entry
from tests.instructize.phrasing import instructor, rendered, texts


@pytest.mark.parametrize("name", template_set_names(template_folders()))
def test_every_shipped_set_is_well_and_fits_its_task(name: str) -> None:
    loaded = load_template_set(name, template_folders())
    kind, _, stem = name.partition("/")
    expected = load_dataset_entry(stem).task if kind == "fine" else stem
    assert loaded.task == expected


@pytest.mark.parametrize("name", dataset_names())
def test_every_dataset_has_its_sets(name: str) -> None:
    entry = load_dataset_entry(name)
    names = set(template_set_names(template_folders()))
    assert f"coarse/{entry.task}" in names
    assert (f"fine/{name}" in names) is (entry.templates == "own")


@pytest.mark.parametrize("name", task_names())
def test_every_task_has_a_coarse_set_and_an_example_with_every_field(name: str) -> None:
    task = find_task(name)
    assert f"coarse/{name}" in template_set_names(template_folders())
    assert type(task.example) in task.payloads
    assert bool(task.no_inversion) is not bool(task.bare_inversions)
    set_of_it = bare_set(task, "Name")
    for field in task.fields:
        probe = set_of_it.templates[0].model_copy(update={"assistant": f"{{{{ {field} }}}}"})
        asks = set_of_it.model_copy(update={"templates": [probe], "inversions": []})
        assert texts(rendered(instructor(asks), [task.example], images=1))[1]


@pytest.mark.parametrize("name", task_names())
def test_a_name_can_stand_for_the_instruction_of_every_task(name: str) -> None:
    task = find_task(name)
    made = rendered(instructor(bare_set(task, "Some Name")), [task.example], images=1)
    assert "Some Name" in texts(made)[0]


def faults(folder: Path, text: str) -> list[tuple[str, str, str]]:
    """Line, key and text of each problem in a set."""
    (folder / "fine").mkdir()
    (folder / "fine" / "own.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_template_set("fine/own", [folder])
    return [(p.where.rpartition(":")[2], p.key, p.found) for p in caught.value.problems]


def test_a_set_with_faults_reports_each_with_its_line(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        "task: vqa-open\nanswer: short\nchoices: {labels: B}\ntemplates:\n"
        "  - {id: a, user: '{{ query }}', assistant: '{{ answer }}'}\n"
        "  - {id: a, user: '{{ question', assistant: '<image> {{ answer }}'}\n"
        "inversions:\n"
        "  - {id: b, user: '{{ answer }}', assistant: '{{ question }}', needs: [why]}\n",
    )
    assert [(line, key) for line, key, _ in found] == [
        ("3", "choices.labels"),
        ("5", "templates[0].user"),
        ("6", "templates[1].id"),
        ("6", "templates[1].user"),
        ("6", "templates[1].assistant"),
        ("8", "inversions[0].needs"),
    ]


def test_a_set_whose_every_template_needs_something_is_refused(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        "task: vqa-open\nanswer: short\ntemplates:\n"
        "  - {id: a, user: '{{ question }}', assistant: '{{ answer }}', needs: [rationale]}\n",
    )
    assert found == [("3", "templates", "each needs fields that a record may lack.")]


@pytest.mark.parametrize(
    "source",
    [
        "{{ question.__class__ }}",
        "{{ question['__class__'] }}",
        "{{ 'a' * 300000000 }}",
        "{% for i in range(1000000000) %}{{ i }}{% endfor %}",
        "{% for a in answers %}{% for b in answers %}{{ a }}{% endfor %}{% endfor %}",
        "{% for a in answers recursive %}{{ loop(answers) }}{% endfor %}",
        "{% set x = question %}{{ x }}",
        "{% include 'x' %}",
        "{{ question",
        "{{ nothing }}",
    ],
)
def test_what_could_run_or_hang_is_refused_before_it_is_rendered(
    tmp_path: Path, source: str
) -> None:
    lines = f'  - id: a\n    user: "{source}"\n    assistant: x\n'
    found = faults(tmp_path, f"task: vqa-open\nanswer: short\ntemplates:\n{lines}")
    assert [(line, key) for line, key, _ in found] == [("5", "templates[0].user")]
