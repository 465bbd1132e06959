"""The turns of one sample become messages, with what surrounds them: images, prompts, system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from datakit.geometry import View
from datakit.instructize.response_format import is_short, states_a_format
from datakit.instructize.sandbox import TemplateFault, TextTooLong
from datakit.instructize.tasks.base import RecordFault
from datakit.instructize.turns import Part, Turn
from datakit.record import IMAGE_PLACEHOLDER, BoundingBox, Message, TurnProvenance

ANSWER_MACHINE_FORMS = frozenset({"short", "number", "letter", "free"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A record of a sample that could not be phrased; `part` is its place among them."""

    part: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedConversation:
    """The messages of a sample, and where each user-assistant turn came from.

    Attributes:
        faults: records that could not be phrased and have no turn.
        response_format: the prompt for the answer's form; several, a line each, where sources of
            one sample differ; empty where none is stated.
        misfit_turns: turns whose answer is not of the form that a prompt asks for.
        short_turns: turns with an answer of at most 5 words, inverted ones and boxes aside.
        unprompted_short_turns: of those, the ones that no prompt asks to be short.
    """

    messages: tuple[Message, ...]
    turns: tuple[TurnProvenance, ...]
    faults: tuple[Fault, ...]
    objects: tuple[BoundingBox, ...]
    response_format: str
    misfit_turns: int
    short_turns: int
    unprompted_short_turns: int


def converse(key: str, parts: Sequence[Part], images: Sequence[View]) -> RenderedConversation:
    """Phrases the records of one sample as one conversation.

    A record that cannot be phrased is left out and named in `faults`; where that is all of them,
    there are no messages.

    Args:
        key: the sample's key, from which all choices are drawn.
        parts: its records, in order; they may be of several sources.
        images: its images.
    """
    system, speaker = "", None
    turns: list[Turn] = []
    faults: list[Fault] = []
    views = list(images)
    for number, part in enumerate(parts):
        before = turns[-1] if turns else None
        try:
            made = part.instructor.turns(key, len(turns), part, views, before)
            _check_placeholders(made, part, len(views))
        except (RecordFault, TemplateFault) as error:
            faults.append(_fault(number, error))
            continue
        turns += made
        system = system or part.instructor.task.system(part.payload)
        speaker = speaker or part.instructor.instructions
    prompts = system_prompts(turns)
    own = system or (speaker.system_prompt if speaker else "") or ""
    system = "\n".join(text for text in (own, *prompts) if text)
    users = with_images(with_prompts(turns, prompts), len(views))
    messages = [Message(role="system", content=system)] if system and turns else []
    misfits = short = 0
    for user, turn in zip(users, turns, strict=True):
        messages.append(Message(role="user", content=user))
        messages.append(Message(role="assistant", content=turn.assistant))
        misfits += turn.format is not None and not turn.format.expects.fits(turn.assistant)
        short += _is_short_answer(turn)
    return RenderedConversation(
        messages=tuple(messages),
        turns=tuple(turn.provenance for turn in turns),
        faults=tuple(faults),
        objects=_objects(turns),
        response_format="\n".join(dict.fromkeys(t.format.text for t in turns if t.format)),
        misfit_turns=misfits,
        short_turns=short,
        unprompted_short_turns=unprompted_short_turns(turns, system) if short else 0,
    )


def _fault(part: int, error: RecordFault | TemplateFault) -> Fault:
    if isinstance(error, RecordFault):
        return Fault(part=part, reason=error.reason, detail=error.detail)
    reason = "text-too-long" if isinstance(error, TextTooLong) else "template-failed"
    return Fault(part=part, reason=reason, detail=str(error))


def _check_placeholders(turns: Sequence[Turn], part: Part, num_images: int) -> None:
    """A user's text is never blank, and placeholders of its own are one an image."""
    if not num_images and any(not turn.user or turn.user.isspace() for turn in turns):
        raise TemplateFault(f"{turns[0].provenance.template}: the user's text is blank.")
    if part.instructor.task.as_is:
        found = sum(turn.user.count(IMAGE_PLACEHOLDER) for turn in turns)
        if found not in (0, num_images):
            raise RecordFault("placeholders-mismatch", f"{found} for {num_images} images")


def system_prompts(turns: Sequence[Turn]) -> list[str]:
    """Format prompts for the system message: those that hold for every turn, where so wanted."""
    texts = [turn.format.text for turn in turns if turn.format and turn.format_at == "system"]
    return list(dict.fromkeys(texts)) if len(texts) == len(turns) else []


def with_prompts(turns: Sequence[Turn], in_system: Sequence[str] = ()) -> list[str]:
    """The user's texts with their format prompts: said once, and again where it changed."""
    users, said = [], ""
    for turn in turns:
        prompt = turn.format.text if turn.format else ""
        user = turn.user
        if prompt and prompt not in in_system and (prompt != said or turn.restates):
            user = f"{prompt}\n{user}" if turn.format_at == "prefix" else f"{user}\n{prompt}"
        users.append(user.strip("\n"))
        said = prompt
    return users


def with_images(users: list[str], num_images: int) -> list[str]:
    """The user's texts with a placeholder an image: first of all, unless they have their own."""
    if not num_images or not users or any(IMAGE_PLACEHOLDER in user for user in users):
        return users
    placeholders = "\n".join([IMAGE_PLACEHOLDER] * num_images)
    return [f"{placeholders}\n{users[0]}".rstrip("\n"), *users[1:]]


def unprompted_short_turns(turns: Sequence[Turn], system: str) -> int:
    """How many turns have a short answer that nothing said so far asked for: the answer machine.

    Cambrian-1, section 4.3.
    """
    if all(turn.format for turn in turns):
        return 0
    count, asked = 0, False
    for turn in turns:
        if _is_short_answer(turn) and turn.format is None and not asked:
            asked = states_a_format(turn.user) or states_a_format(system)
            count += not asked
    return count


def _is_short_answer(turn: Turn) -> bool:
    plain = turn.answer in ANSWER_MACHINE_FORMS and not turn.provenance.inverted
    return plain and is_short(turn.assistant)


def _objects(turns: Sequence[Turn]) -> tuple[BoundingBox, ...]:
    return tuple(
        BoundingBox(image=0, turn=number, label=thing.label, bbox_px=thing.bbox_px)
        for number, turn in enumerate(turns)
        for thing in turn.objects
    )
