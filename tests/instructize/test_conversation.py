"""Records become the messages of a conversation, the same ones every time."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datakit.geometry import View
from datakit.instructize import Part, ResponseFormat, converse, load_response_formats
from datakit.record import (
    IMAGE_PLACEHOLDER,
    Choice,
    Conversation,
    Message,
    Question,
    Region,
)
from tests.instructize.phrasing import (
    ASK,
    INVERSE,
    LOOK,
    instructor,
    plain,
    questions,
    rendered,
    template_set,
    texts,
)

BRIEFLY = ResponseFormat(text="Answer briefly.", answers=["short"])
TALK = template_set(
    {"id": "as-is", "user": "{{ user }}", "assistant": "{{ assistant }}"},
    task="conversation",
    answer="free",
)


def test_format_prompts_stand_where_they_are_asked_for() -> None:
    found = {}
    for at in ("none", "prefix", "suffix", "system"):
        who = instructor(template_set(ASK), response_format=BRIEFLY, response_format_at=at)
        made = rendered(who, questions(2), images=1)
        found[at] = [(message.role, message.content) for message in made.messages]
        assert made.response_format == ("" if at == "none" else BRIEFLY.text)
    later = [("assistant", "a0"), ("user", "q1?"), ("assistant", "a1")]
    assert found["none"] == [("user", "<image>\nq0?"), *later]
    assert found["prefix"] == [("user", f"<image>\n{BRIEFLY.text}\nq0?"), *later]
    assert found["suffix"] == [("user", f"<image>\nq0?\n{BRIEFLY.text}"), *later]
    assert found["system"] == [("system", BRIEFLY.text), ("user", "<image>\nq0?"), *later]


def test_instruction_and_prompt_are_stated_once_or_in_every_turn() -> None:
    once = rendered(instructor(template_set(LOOK), response_format=BRIEFLY), questions(2))
    assert texts(once)[::2] == ["Look: q0?\nAnswer briefly.", "And q1?"]
    every = instructor(template_set(LOOK), response_format=BRIEFLY, instruction_at="every-turn")
    assert texts(rendered(every, questions(2)))[::2] == [
        "Look: q0?\nAnswer briefly.",
        "Look: q1?\nAnswer briefly.",
    ]


def test_single_uses_the_first_template_alone() -> None:
    who = instructor(diversity="single")
    drawn = {rendered(who, questions(1), key=str(i)).turns[0].template for i in range(20)}
    assert drawn == {"fine/test#ask"}


def test_multi_draws_every_template() -> None:
    drawn = {rendered(instructor(), questions(1), key=str(i)).turns[0].template for i in range(40)}
    assert drawn == {"fine/test#ask", "fine/test#look"}


def test_inversions_take_their_share_of_samples_whole() -> None:
    who = instructor(
        template_set(ASK, inversions=[INVERSE]), inversion_share=0.3, response_format=BRIEFLY
    )
    made = [rendered(who, questions(3), key=str(i)) for i in range(1000)]
    inverted = [sample for sample in made if sample.turns[0].inverted]
    assert 250 < len(inverted) < 350
    for sample in inverted:
        assert all(turn.inverted for turn in sample.turns)
        assert texts(sample)[:2] == ["What gives a0?", "q0?"]
        assert sample.response_format == ""


def test_a_template_is_used_only_for_records_that_have_what_it_needs() -> None:
    why = {**ASK, "id": "why", "needs": ["rationale"], "answer": "paragraph",
           "assistant": "{{ rationale }} So: {{ answer }}"}  # fmt: skip
    who = instructor(template_set(ASK, why), response_format=BRIEFLY)
    without = {rendered(who, questions(1), key=str(i)).turns[0].template for i in range(30)}
    assert without == {"fine/test#ask"}
    reasoned = [Question(question="q?", answer="a", rationale="Because.")]
    made = [rendered(who, list(reasoned), key=str(i)) for i in range(30)]
    assert {sample.turns[0].template for sample in made} == {"fine/test#ask", "fine/test#why"}
    for sample in made:
        asked_briefly = sample.turns[0].template == "fine/test#ask"
        assert (sample.response_format == BRIEFLY.text) is asked_briefly


def test_a_conversation_keeps_its_own_system_message_and_placeholders() -> None:
    talk = Conversation(
        messages=(
            Message(role="system", content="Own."),
            Message(role="user", content="Look <image> here"),
            Message(role="assistant", content="Yes."),
        )
    )
    made = rendered(instructor(TALK, system_prompt="Other."), [talk], images=1)
    assert [(m.role, m.content) for m in made.messages] == [
        ("system", "Own."),
        ("user", "Look <image> here"),
        ("assistant", "Yes."),
    ]


def test_a_system_prompt_of_the_mixture_goes_before_the_format_prompt() -> None:
    who = instructor(system_prompt="Be kind.", response_format=BRIEFLY, response_format_at="system")
    assert rendered(who, questions(1)).messages[0].content == "Be kind.\nAnswer briefly."


def test_turns_of_two_sources_state_what_changes() -> None:
    asks = instructor(template_set(ASK), source="one", response_format=BRIEFLY)
    letter = ResponseFormat(text="Give a letter.", answers=["letter"])
    chooses = instructor(
        template_set(
            {"id": "mc", "user": "{{ question }}\n{{ options }}", "assistant": "{{ answer }}"},
            task="vqa-mc",
            answer="letter",
        ),
        source="two",
        response_format=letter,
    )
    choice = Choice(question="Which?", choices=("x",), answer_index=0)
    parts = [
        Part(instructor=asks, record_id="0", payload=plain(questions(1)[0])),
        Part(instructor=chooses, record_id="1", payload=plain(choice)),
        Part(instructor=chooses, record_id="2", payload=plain(choice)),
    ]
    made = converse("key", parts, [View((4, 4))])
    assert texts(made)[::2] == [
        "<image>\nq0?\nAnswer briefly.",
        "Which?\nA. x\nGive a letter.",
        "Which?\nA. x",
    ]
    assert [turn.source for turn in made.turns] == ["one", "two", "two"]


def test_objects_are_in_the_pixels_of_the_image_as_it_is() -> None:
    who = instructor(
        template_set(
            {"id": "where", "user": "{{ phrase }}", "assistant": "{{ box }}"},
            task="rec",
            answer="box",
        )
    )
    region = Region(phrase="cup", bbox_px=(10, 20, 30, 40), width_px=100, height_px=100)
    made = rendered(who, [region, region], images=1, size=(200, 200))
    assert [(box.turn, box.label, box.bbox_px) for box in made.objects] == [
        (0, "cup", (20.0, 40.0, 60.0, 80.0)),
        (1, "cup", (20.0, 40.0, 60.0, 80.0)),
    ]
    assert texts(made)[1] == "[0.100,0.200,0.300,0.400]"
    turned = rendered(who, [region], images=1, size=(100, 200))
    assert [fault.reason for fault in turned.faults] == ["box-size-mismatch"]
    unknown = Region(phrase="cup", bbox_px=(10, 20, 30, 40))
    assert rendered(who, [unknown], images=1, size=(25, 25)).objects[0].bbox_px == (10, 20, 25, 25)
    outside = rendered(who, [unknown], images=1, size=(5, 5))
    assert [fault.reason for fault in outside.faults] == ["box-empty"]


def test_answers_of_another_form_than_asked_for_are_counted() -> None:
    formats = load_response_formats()
    who = instructor(template_set(ASK), response_format=formats.get("word-or-phrase"))
    long = Question(question="q?", answer="It is a long tale. " * 5)
    assert rendered(who, [questions(1)[0], long]).misfit_turns == 1


def test_short_answers_that_nobody_asked_for_are_counted() -> None:
    asked = instructor(template_set(ASK), response_format=BRIEFLY)
    assert rendered(asked, questions(3)).short_turns == 3
    assert rendered(asked, questions(3)).unprompted_short_turns == 0
    unasked = instructor(template_set(ASK), response_format=BRIEFLY, response_format_at="none")
    assert rendered(unasked, questions(3)).unprompted_short_turns == 3
    said = "What is it?\nAnswer the question using a single word or phrase."
    talk = Conversation(
        messages=(
            Message(role="user", content=said),
            Message(role="assistant", content="A cat"),
            Message(role="user", content="And this?"),
            Message(role="assistant", content="A dog"),
        )
    )
    assert rendered(instructor(TALK), [talk]).unprompted_short_turns == 0


@pytest.mark.parametrize(
    ("user", "assistant", "words"),
    [
        ("{{ question }}", "{{ answers[0] }}", "fine/test#bad: the answer is blank"),
        ("<im{{ 'age>' }}", "a", "it puts <image> together"),
        ("<{{ '|end|>' }}", "a", "a special token"),
        ("{{ question }}", "{{ answers[7] }}", "fine/test#bad: rendering failed"),
    ],
)
def test_a_record_that_would_break_a_sample_is_left_out_in_words(
    user: str, assistant: str, words: str
) -> None:
    bad = template_set({"id": "bad", "user": user, "assistant": assistant})
    record = Question(question="q", answer="a", answers=(" ",))
    made = rendered(instructor(bad), [record], images=1)
    assert made.messages == ()
    assert made.turns == ()
    assert [(fault.part, fault.reason) for fault in made.faults] == [(0, "template-failed")]
    assert words in made.faults[0].detail


def test_one_record_at_fault_does_not_take_the_others_with_it() -> None:
    who = instructor(template_set({**ASK, "assistant": "{{ answers[0] }}"}))
    good = Question(question="q", answer="a", answers=("a",))
    bad = Question(question="q", answer="a", answers=())
    made = rendered(who, [bad, good, bad, good], images=1)
    assert texts(made) == ["<image>\nq", "a", "q", "a"]
    assert [turn.record_id for turn in made.turns] == ["1", "3"]
    assert [fault.part for fault in made.faults] == [0, 2]


def test_a_text_that_is_too_long_is_not_the_templates_fault() -> None:
    made = rendered(instructor(template_set(ASK)), [Question(question="q", answer="a" * 70_000)])
    assert made.faults[0].reason == "text-too-long"


@given(
    turns=st.integers(1, 12),
    images=st.integers(0, 3),
    key=st.text(min_size=1, max_size=8),
    seed=st.integers(0, 9),
    share=st.sampled_from([0.0, 0.5, 1.0]),
    at=st.sampled_from(["none", "prefix", "suffix", "system"]),
    stated=st.sampled_from(["first-turn", "every-turn"]),
)
def test_no_turn_is_lost_or_invented(
    turns: int, images: int, key: str, seed: int, share: float, at: str, stated: str
) -> None:
    settings: dict[str, Any] = {
        "templates": template_set(ASK, LOOK, inversions=[INVERSE]),
        "seed": seed,
        "inversion_share": share,
        "response_format": BRIEFLY,
        "response_format_at": at,
        "instruction_at": stated,
    }
    made = rendered(instructor(**settings), questions(turns), key=key, images=images)
    spoken = [m for m in made.messages if m.role != "system"]
    assert [m.role for m in spoken] == ["user", "assistant"] * turns
    expected = [("q" if made.turns[i].inverted else "a") + str(i) for i in range(turns)]
    assert [m.content.rstrip("?") for m in spoken[1::2]] == expected
    assert [turn.record_id for turn in made.turns] == [str(i) for i in range(turns)]
    assert sum(m.content.count(IMAGE_PLACEHOLDER) for m in made.messages) == images
    assert rendered(instructor(**settings), questions(turns), key=key, images=images) == made


@given(st.permutations(range(12)), st.integers(0, 5))
def test_the_order_in_which_samples_are_phrased_is_irrelevant(order: list[int], seed: int) -> None:
    settings: dict[str, Any] = {
        "templates": template_set(ASK, LOOK, inversions=[INVERSE]),
        "seed": seed,
        "inversion_share": 0.5,
    }
    one, other = instructor(**settings), instructor(**settings)
    expected = {number: rendered(one, questions(3), key=str(number)) for number in range(12)}
    assert {n: rendered(other, questions(3), key=str(n)) for n in order} == expected
