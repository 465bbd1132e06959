"""One record becomes turns: a template is drawn and rendered, the same ones every time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from datakit.geometry import View
from datakit.instructize.instructions import Instructions, template_name
from datakit.instructize.response_format import ResponseFormat
from datakit.instructize.sandbox import Phrasing, TemplateFault
from datakit.instructize.tasks.base import Exchange, Fields, Setting, find_task
from datakit.instructize.template_set import AnswerForm, Template
from datakit.io.stable_hash import stable_hashes, stable_share
from datakit.mixture.schema import PromptAt
from datakit.record import IMAGE_PLACEHOLDER, Labelled, TurnProvenance
from datakit.sources.hygiene import has_special_token


class Turn(NamedTuple):
    """A question and its answer as text.

    Attributes:
        answer: the form that the answer takes; `free` where the turn is inverted.
        format: the response format that holds for it, if any.
        format_at: where its prompt stands.
        restates: whether instruction and prompt are given again, though the turn before had them.
        objects: things in the first image that it speaks of.
    """

    user: str
    assistant: str
    answer: AnswerForm
    format: ResponseFormat | None
    format_at: PromptAt
    restates: bool
    objects: tuple[Labelled, ...]
    provenance: TurnProvenance


class Part(NamedTuple):
    """One record of a sample, who phrases it, and the records that said the same."""

    instructor: Instructor
    record_id: str
    payload: Fields
    duplicates: tuple[str, ...] = ()


class Instructor:
    """Phrases one source's records. The same instructions, key and record give the same text."""

    def __init__(self, instructions: Instructions) -> None:
        self.instructions = instructions
        self.task = find_task(instructions.templates.task)
        fields = frozenset(self.task.fields)
        sets = instructions.templates
        self._draws = _Draws(instructions, "")
        self._plain = _Drawable(
            [self._compile(template, fields, False) for template in sets.templates]
        )
        self._inverted = _Drawable(
            [self._compile(template, fields, True) for template in sets.inversions]
        )

    def _compile(self, template: Template, fields: frozenset[str], inverted: bool) -> _Compiled:
        how = self.instructions
        answer: AnswerForm = template.answer or ("free" if inverted else how.answer)
        found = None if inverted else how.response_format
        suits = found is not None and found.suits(answer, how.templates.task)
        return _Compiled(
            name=template_name(how.set_name, template.id),
            user=Phrasing(template.user, fields),
            next=None if template.next is None else Phrasing(template.next, fields),
            assistant=Phrasing(template.assistant, fields),
            needs=tuple(template.needs),
            answer=answer,
            format=found if suits else None,
            inverted=inverted,
        )

    def turns(
        self,
        key: str,
        number: int,
        part: Part,
        images: list[View],
        before: Turn | None = None,
    ) -> list[Turn]:
        """The turns of one record.

        Args:
            key: the sample's key, from which each turn's template is drawn.
            number: how many turns the sample has already.
            images: each image of the sample.
            before: the last of those turns.

        Raises:
            TemplateFault: a template failed on this record.
            RecordFault: the record cannot be phrased.
        """
        how = self.instructions
        draw = (how.seed, key, part.record_id)
        setting = Setting(boxes=how.boxes, choices=how.choices, images=images, draw=draw)
        if self._draws.key != key:
            self._draws = _Draws(how, key)
        turns: list[Turn] = []
        for exchange in self.task.exchanges(part.payload, setting):
            template = self._draw(number + len(turns), exchange.fields)
            before = self._turn(template, part, exchange, before)
            turns.append(before)
        return turns

    def _draw(self, number: int, fields: Fields) -> _Compiled:
        usable = self._inverted.usable(fields) if self._draws.inverted else []
        usable = usable or self._plain.usable(fields)
        if self.instructions.diversity == "single" or len(usable) == 1:
            return usable[0]
        return usable[self._draws.choice(len(usable), number)]

    def _turn(
        self, template: _Compiled, part: Part, exchange: Exchange, before: Turn | None
    ) -> Turn:
        how, fields = self.instructions, exchange.fields
        told = how.instruction_at == "first-turn" and self._asks_as(before, template)
        phrasing = template.next if told and template.next is not None else template.user
        try:
            user, assistant = phrasing.render(fields), template.assistant.render(fields)
        except TemplateFault as fault:
            raise type(fault)(f"{template.name}: {fault}") from fault
        self._check(template.name, user, assistant)
        return Turn(
            user=user,
            assistant=assistant,
            answer=template.answer,
            format=template.format if how.response_format_at != "none" else None,
            format_at=how.response_format_at,
            restates=how.instruction_at == "every-turn",
            objects=exchange.objects,
            provenance=TurnProvenance(
                source=how.source,
                record_id=part.record_id,
                template=template.name,
                inverted=template.inverted,
                duplicates=part.duplicates,
            ),
        )

    def _check(self, name: str, user: str, assistant: str) -> None:
        """Holds what was rendered to the promises of a sample."""
        if not assistant or assistant.isspace():
            raise TemplateFault(f"{name}: the answer is blank.")
        if "<" in user or "<" in assistant:
            if has_special_token(user) or has_special_token(assistant):
                raise TemplateFault(f"{name}: a special token is in it.")
            if IMAGE_PLACEHOLDER in user and not self.task.as_is:
                raise TemplateFault(f"{name}: it puts {IMAGE_PLACEHOLDER} together.")

    def _asks_as(self, before: Turn | None, template: _Compiled) -> bool:
        """Whether the turn before asked for the same, so that it need not be said again."""
        return (
            before is not None
            and before.provenance.source == self.instructions.source
            and before.provenance.inverted == template.inverted
            and before.answer == template.answer
        )


class _Draws:
    """What is drawn for one sample: whether it is inverted, and the template of each turn."""

    def __init__(self, how: Instructions, key: str) -> None:
        self.key = key
        share = how.inversion_share
        self.inverted = share > 0 and stable_share(how.seed, "inversion", key) < share
        self._seed = how.seed
        self._hashes: list[int] = []

    def choice(self, count: int, turn: int) -> int:
        """An index below `count` for a turn."""
        while len(self._hashes) <= turn:
            block = len(self._hashes)
            self._hashes += stable_hashes(self._seed, "template", self.key, block)
        return self._hashes[turn] % count


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compiled:
    name: str
    user: Phrasing
    next: Phrasing | None
    assistant: Phrasing
    needs: tuple[str, ...]
    answer: AnswerForm
    format: ResponseFormat | None
    inverted: bool


class _Drawable:
    """Templates to draw from, those aside that need what a record does not have."""

    def __init__(self, templates: list[_Compiled]) -> None:
        self._templates = templates
        self._needed = sorted({name for template in templates for name in template.needs})
        self._usable: dict[tuple[bool, ...], list[_Compiled]] = {}

    def usable(self, fields: Fields) -> list[_Compiled]:
        """The templates that this record can be phrased with."""
        there = tuple([bool(fields[name]) for name in self._needed])
        if there not in self._usable:
            found = dict(zip(self._needed, there, strict=True))
            usable = [t for t in self._templates if all(found[name] for name in t.needs)]
            self._usable[there] = usable
        return self._usable[there]
