"""What columns make which kind of record; one entry a task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from string import ascii_uppercase

import orjson

from datakit.geometry import Size
from datakit.record import (
    Box,
    Caption,
    Choice,
    Instruction,
    Payload,
    Question,
    Region,
    Statement,
    Transcription,
)
from datakit.sources.row import BadRow, Row, box_in, optional_text, plain_text, read_choices

TRUE, FALSE = ("true", "1", "1.0", "yes"), ("false", "0", "0.0", "no")


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of one kind of record.

    Attributes:
        needs: what must be named.
        make: the payload of a row whose values stand under these names.
        may: what may be named beside it.
    """

    needs: tuple[str, ...]
    make: Callable[[Row], Payload]
    may: tuple[str, ...] = ()

    def __str__(self) -> str:
        more = f" (and {', '.join(self.may)})" if self.may else ""
        return f"{' + '.join(self.needs)}{more}"


def task_of(given: set[str], *, has_images: bool = True) -> str:
    """The task of records that are made of some columns.

    Questions and answers about no image are instructions: phrasings of questions speak of one.

    Raises:
        ValueError: no task takes these, and no others.
    """
    fitting = [
        task
        for task, shape in SHAPES.items()
        if set(shape.needs) <= given <= {*shape.needs, *shape.may}
    ]
    if not fitting:
        raise ValueError(
            f"found {', '.join(sorted(given)) or 'none'}; expected one of these: "
            f"{'; '.join(map(str, SHAPES.values()))}"
        )
    is_text = fitting[0] == "vqa-open" and not has_images
    return "text-only" if is_text else fitting[0]


def _question(row: Row) -> Question:
    question, answers = _asked(row), _answers(row)
    return Question(
        question=question,
        answer=answers[0],
        answers=answers if len(answers) > 1 else (),
        context=optional_text(row, "context"),
        rationale=optional_text(row, "rationale"),
    )


def _choice(row: Row) -> Choice:
    question, choices = _asked(row), read_choices(row, "choices")
    return Choice(
        question=question,
        choices=choices,
        answer_index=_right_option(row, choices),
        hint=optional_text(row, "hint"),
        context=optional_text(row, "context"),
        rationale=optional_text(row, "rationale"),
    )


def _statement(row: Row) -> Statement:
    statement, label = _text(row, "statement"), row.value.get("label")
    word = str(label).strip().lower() if isinstance(label, bool) else row.answer("label").lower()
    if word not in (*TRUE, *FALSE):
        raise BadRow("label-unknown", f"{label!r}, expected one of {', '.join(TRUE + FALSE)}")
    return Statement(statement=statement, holds=word in TRUE)


def _region(row: Row) -> Region:
    phrase, size = _text(row, "phrase"), (row.side_px("width"), row.side_px("height"))
    return Region(phrase=phrase, bbox_px=_box(row, size), width_px=size[0], height_px=size[1])


def _box(row: Row, size: Size) -> Box:
    """The box under `bbox`: a list of four, or the same as text."""
    value = row.get("bbox")
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise BadRow("box-invalid", f"{value!r}, expected [x, y, width, height]") from None
    return box_in(value, size)


def _instruction(row: Row) -> Instruction:
    if "question" in row.value:
        return Instruction(instruction=_asked(row), output=_answers(row)[0])
    return Instruction(
        instruction=_text(row, "instruction"),
        input=optional_text(row, "input"),
        output=row.answer("output"),
    )


def _asked(row: Row) -> str:
    if not (question := row.text("question")):
        raise BadRow("question-empty", "the question is empty")
    return question


def _text(row: Row, key: str) -> str:
    if not (text := row.text(key)):
        raise BadRow("text-empty", f"the {key} is empty")
    return text


def _answers(row: Row) -> tuple[str, ...]:
    """The answer, or every accepted one of a list, the first given first."""
    value = row.value.get("answer")
    if not isinstance(value, list):
        return (row.answer("answer"),)
    texts = (plain_text(item, "an answer") for item in value)
    answers = tuple(dict.fromkeys(filter(None, texts)))
    if not answers:
        raise BadRow("answer-empty", f"the answer is {value!r}")
    return answers


def _right_option(row: Row, choices: tuple[str, ...]) -> int:
    """The index of the right option, which is given as its text, its letter or its index from 0."""
    answer = row.answer("answer")
    if isinstance(row.value["answer"], str) and answer in choices:
        return choices.index(answer)
    letters = ascii_uppercase[: len(choices)]
    bare = answer.strip("().").upper()
    if len(bare) == 1 and bare in letters:
        return letters.index(bare)
    if answer.isdecimal() and int(answer) < len(choices):
        return int(answer)
    raise BadRow(
        "answer-no-option",
        f"{answer!r} is no text, letter or index of one of {len(choices)} options",
    )


SHAPES = {
    "vqa-open": Shape(("question", "answer"), _question, ("rationale",)),
    "table-qa": Shape(("question", "answer", "context"), _question, ("rationale",)),
    "vqa-mc": Shape(("question", "answer", "choices"), _choice, ("hint", "context", "rationale")),
    "vqa-yes-no": Shape(("statement", "label"), _statement),
    "captioning": Shape(("caption",), lambda row: Caption(caption=_text(row, "caption"))),
    "transcription": Shape(("text",), lambda row: Transcription(text=_text(row, "text"))),
    "rec": Shape(("phrase", "bbox"), _region, ("width", "height")),
    "text-only": Shape(("instruction", "output"), _instruction, ("input",)),
}
