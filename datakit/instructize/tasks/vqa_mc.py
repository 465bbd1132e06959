"""Multiple choice."""

from __future__ import annotations

from datakit.instructize.choices import present, symbol
from datakit.instructize.tasks.base import Bare, Exchange, Fields, RecordFault, Setting, Task
from datakit.instructize.tasks.rec import box_text, in_own_pixels
from datakit.record import Choice, Labelled

CHOICE_FIELDS = {
    "question": "the question",
    "options": "the options as shown, a labelled line each",
    "choices": "the options' texts in the order shown, a list",
    "answer": "the answer as the set wants it: letter, text or both",
    "letter": "the label of the right option, such as A",
    "text": "the text of the right option",
    "hint": "a clue given with the question, or nothing",
    "context": "a table or passage as text, or nothing",
    "lecture": "what one needs to know, or nothing",
    "rationale": "how the answer is found, or nothing",
}
SIZE_UNKNOWN = {"width_px": 0, "height_px": 0}


class VqaMc(Task):
    """A question with options, one of them right; their order is drawn for each sample."""

    title = "multiple-choice question answering"
    payloads = (Choice,)
    fields = CHOICE_FIELDS
    merges = True
    bare = Bare(user="{{ question }}\n{{ options }}", assistant="{{ answer }}")
    bare_inversions = (
        Bare(user="{{ text }}", assistant="{{ question }}\n{{ options }}", id="bare-inverted"),
    )
    example = Choice(
        question="What is the man in the image doing?",
        choices=("reading", "cooking", "swimming"),
        answer_index=1,
        hint="He stands at a stove.",
        context="The kitchen belongs to a small restaurant.",
        lecture="Cooking is preparing food with heat.",
        rationale="He stirs a pot on a stove, which is what one does when cooking.",
    )

    def exchanges(self, payload: Fields, setting: Setting) -> list[Exchange]:
        if payload["boxes_px"]:
            return [_pointing(payload, setting)]
        return [Exchange(fields=present(payload, setting.choices, setting.draw))]

    def identity(self, payload: Fields) -> tuple[str, str]:
        return payload["question"], payload["choices"][payload["answer_index"]]


def _pointing(payload: Fields, setting: Setting) -> Exchange:
    """A question whose options are regions: written as boxes, and shown under their letters."""
    boxes = [in_own_pixels(SIZE_UNKNOWN, box, setting) for box in payload["boxes_px"]]
    texts = [box_text(box, setting) for box in boxes]
    right = texts[payload["answer_index"]]
    if texts.count(right) > 1:
        raise RecordFault("choices-ambiguous", f"another box is written {right}, too")
    fields = present({**payload, "choices": texts}, setting.choices, setting.draw)
    box_of = dict(zip(texts, boxes, strict=True))
    shown = enumerate(fields["choices"])
    labels = setting.choices.labels
    objects = (Labelled(label=symbol(n, labels), bbox_px=box_of[text]) for n, text in shown)
    return Exchange(fields=fields, objects=tuple(objects))
