"""What the rows of several releases have in common: counted answers, labels, ids, questions."""

from __future__ import annotations

from collections import Counter
from typing import Any

from datakit.record import Question, Record
from datakit.sources.row import BadRow, Row, plain_text

HOLDS = {"0": False, "1": True, "false": False, "true": True}


def open_question(
    row: Row, question: str, image: str, answer: str, answers: tuple[str, ...] = ()
) -> Record:
    """The record of an open question about one image.

    Raises:
        BadRow: the question is empty.
    """
    if not question:
        raise BadRow("question-empty", f"image {image}")
    return Record(
        record_id=row.record_id,
        place=row.place,
        task="vqa-open",
        images=(image,),
        payload=Question(question=question, answer=answer, answers=answers),
    )


def id_or(row: Row, key: str, default: str) -> str:
    """The id under `key`, or what stands for it where the row has none."""
    has_id = isinstance(row.value, dict) and row.value.get(key) is not None
    return row.id(key) if has_id else default


def image_cell(row: Row, column: str = "image") -> str:
    """The name of the image in a table's cell, which may be null."""
    if row.get(column) is None:
        raise BadRow("image-missing", f"{column} is null")
    return row.image(column)


def first_key(row: Row, *keys: str) -> str:
    """The first of several keys that the row has, or else the first; copies differ in them."""
    has = isinstance(row.value, dict)
    return next((key for key in keys if has and key in row.value), keys[0])


def listed(row: Row, key: str) -> list[Any]:
    """The list under `key`."""
    value = row.get(key)
    if not isinstance(value, list):
        raise BadRow("bad-record", f"{key} is not a list")
    return value


def count_answers(row: Row, key: str = "answers") -> Counter[str]:
    """How often each answer under `key` was given, in the order in which they first were.

    Raises:
        BadRow: there are no answers, or all are empty.
    """
    raw = row.value.get(key)
    if raw is None:
        raise BadRow("answer-missing", f"the row has no {key}, as in a test split")
    if not (counts := count_texts(raw, key)):
        raise BadRow("answer-empty", f"{key} is {raw!r}")
    return counts


def count_texts(raw: object, key: str = "answers") -> Counter[str]:
    """How often each text is in a list of them, or of objects with an `answer`; empty ones are not.

    Raises:
        BadRow: it is no such list.
    """
    if not isinstance(raw, list):
        raise BadRow("bad-record", f"{key} is not a list")
    given = (item.get("answer") if isinstance(item, dict) else item for item in raw)
    return Counter(text for item in given if (text := plain_text(item, "an answer")))


def read_holds(row: Row, key: str = "label") -> bool:
    """Whether a statement holds, written as 0 or 1, or as a word."""
    value = row.value.get(key)
    if value is None:
        raise BadRow("answer-missing", f"no {key!r}, as in a hidden test split")
    holds = HOLDS.get(str(value).strip().lower())
    if holds is None:
        raise BadRow("label-invalid", f"{key} is {value!r}, expected true or false, 1 or 0")
    return holds
