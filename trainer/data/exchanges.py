"""A conversation cut between its exchanges: a user's turn and the assistant's that answers it."""

from __future__ import annotations

from collections.abc import Sequence

from datakit.record import Message


def num_exchanges(messages: Sequence[Message]) -> int:
    """Exchanges of a conversation."""
    return sum(message.role == "assistant" for message in messages)


def first_exchanges(messages: Sequence[Message], count: int) -> Sequence[Message]:
    """The first exchanges, with the system message that leads them."""
    answers = [at for at, message in enumerate(messages) if message.role == "assistant"]
    return messages[: answers[count - 1] + 1] if 0 < count < len(answers) else messages
