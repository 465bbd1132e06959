"""Records become the messages of a conversation, the same ones every time."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datakit.errors import ConfigError, UsageError
from datakit.instructize import (
    Instructions,
    Instructor,
    TemplateSet,
    load_response_formats,
    load_template_set,
    template_folders,
    template_set_names,
)
from datakit.instructize.sandbox import TemplateFault
from datakit.record import IMAGE_PLACEHOLDER
from datakit.sources import dataset_names, load_dataset_entry

QA = TemplateSet.model_validate(
    {
        "task": "vqa-open",
        "answer": "short",
        "templates": [
            {"id": "ask", "user": "{{ question }}", "assistant": "{{ answer }}"},
            {"id": "look", "user": "Look: {{ question }}", "next": "And {{ question }}",
             "assistant": "{{ answer }}"},
        ],
    }
)  # fmt: skip
TALK = TemplateSet.model_validate(
    {
        "task": "conversation",
        "answer": "free",
        "templates": [{"id": "as-is", "user": "{{ user }}", "assistant": "{{ assistant }}"}],
    }
)
PROMPT = "Answer briefly."


def instructor(templates: TemplateSet = QA, **changes: Any) -> Instructor:
    settings: dict[str, Any] = {
        "set_name": "fine/test",
        "templates": templates,
        "prompt": PROMPT,
        "prompt_at": "none",
        "system_prompt": None,
        "seed": 0,
    }
    return Instructor(Instructions(**{**settings, **changes}))


def questions(count: int) -> list[tuple[str, dict[str, Any]]]:
    return [
        (str(i), {"question": f"q{i}?", "answer": f"a{i}", "answers": []}) for i in range(count)
    ]


def test_format_prompts_stand_where_they_are_asked_for() -> None:
    one = QA.model_copy(update={"templates": QA.templates[:1]})
    texts = {}
    for at in ("none", "prefix", "suffix", "system"):
        rendered = instructor(one, prompt_at=at).render("key", questions(2), 1)
        texts[at] = [(message.role, message.content) for message in rendered.messages]
        assert rendered.response_format == ("" if at == "none" else PROMPT)
    later = [("assistant", "a0"), ("user", "q1?"), ("assistant", "a1")]
    assert texts["none"] == [("user", "<image>\nq0?"), *later]
    assert texts["prefix"] == [("user", f"<image>\n{PROMPT}\nq0?"), *later]
    assert texts["suffix"] == [("user", f"<image>\nq0?\n{PROMPT}"), *later]
    assert texts["system"] == [("system", PROMPT), ("user", "<image>\nq0?"), *later]


def test_later_turns_use_the_phrasing_for_later_turns() -> None:
    one = QA.model_copy(update={"templates": QA.templates[1:]})
    rendered = instructor(one).render("key", questions(2), 0)
    assert [m.content for m in rendered.messages] == ["Look: q0?", "a0", "And q1?", "a1"]
    assert [turn.template for turn in rendered.turns] == ["fine/test#look"] * 2


def test_a_conversation_keeps_its_own_system_message_and_placeholders() -> None:
    messages = [
        {"role": "system", "content": "Own."},
        {"role": "user", "content": "Look <image> here"},
        {"role": "assistant", "content": "Yes."},
    ]
    rendered = instructor(TALK, system_prompt="Other.").render(
        "key", [("0", {"messages": messages})], 1
    )
    assert [(m.role, m.content) for m in rendered.messages] == [
        ("system", "Own."),
        ("user", "Look <image> here"),
        ("assistant", "Yes."),
    ]


@pytest.mark.parametrize(
    ("user", "assistant"),
    [("{{ question }}", "{{ answers[0] }}"), ("<im{{ 'age>' }}", "a"), ("<{{ '|end|>' }}", "a")],
)
def test_what_would_break_a_sample_fails_in_words(user: str, assistant: str) -> None:
    templates = [{"id": "bad", "user": user, "assistant": assistant}]
    bad = TemplateSet.model_validate(
        {"task": "vqa-open", "answer": "short", "templates": templates}
    )
    record = {"question": "q", "answer": "a", "answers": [" "]}
    with pytest.raises(TemplateFault):
        instructor(bad).render("key", [("0", record)], 0)


@given(st.integers(1, 12), st.integers(0, 3), st.text(min_size=1, max_size=8), st.integers(0, 9))
def test_no_turn_is_lost_or_invented(turns: int, images: int, key: str, seed: int) -> None:
    rendered = instructor(seed=seed, prompt_at="suffix").render(key, questions(turns), images)
    assert [m.role for m in rendered.messages] == ["user", "assistant"] * turns
    assert [m.content for m in rendered.messages[1::2]] == [f"a{i}" for i in range(turns)]
    assert [turn.record_id for turn in rendered.turns] == [str(i) for i in range(turns)]
    assert sum(m.content.count(IMAGE_PLACEHOLDER) for m in rendered.messages) == images
    again = instructor(seed=seed, prompt_at="suffix").render(key, questions(turns), images)
    assert again == rendered


def test_every_template_of_a_set_is_drawn() -> None:
    drawn = {instructor().render(str(i), questions(1), 0).turns[0].template for i in range(40)}
    assert drawn == {"fine/test#ask", "fine/test#look"}


@pytest.mark.parametrize("name", template_set_names(template_folders()))
def test_every_shipped_set_is_well_and_fits_its_task(name: str) -> None:
    loaded = load_template_set(name, template_folders())
    kind, _, stem = name.partition("/")
    expected = load_dataset_entry(stem).task if kind == "fine" else stem
    assert loaded.task == expected


@pytest.mark.parametrize("name", dataset_names())
def test_every_dataset_has_its_sets_and_a_true_response_format(name: str) -> None:
    entry = load_dataset_entry(name)
    for set_name in (f"fine/{name}", f"coarse/{entry.task}"):
        answer = load_template_set(set_name, template_folders()).answer
        load_response_formats().prompt(entry.response_format, answer)


def test_a_prompt_that_is_not_true_of_the_answers_is_refused() -> None:
    with pytest.raises(UsageError, match="'paragraph'"):
        load_response_formats().prompt("word-or-phrase", "paragraph")
    with pytest.raises(UsageError, match="Did you mean 'word-or-phrase'"):
        load_response_formats().prompt("word-or-phras", "short")


def test_a_set_with_faults_reports_each_with_its_line(tmp_path: Any) -> None:
    (tmp_path / "fine").mkdir()
    (tmp_path / "fine" / "own.yaml").write_text(
        "task: vqa-open\nanswer: short\ntemplates:\n"
        "  - {id: a, user: '{{ query }}', assistant: '{{ answer }}'}\n"
        "  - {id: a, user: '{{ question', assistant: '<image> {{ answer }}'}\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_template_set("fine/own", [tmp_path])
    lines = [(p.where.rpartition(":")[2], p.key) for p in caught.value.problems]
    assert lines == [
        ("4", "templates[0].user"),
        ("5", "templates[1].id"),
        ("5", "templates[1].user"),
        ("5", "templates[1].assistant"),
    ]
