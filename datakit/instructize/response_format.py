"""Prompts that say what form the answer takes, so that short answers are asked for."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from datakit.config import load_config
from datakit.errors import UsageError, nearest
from datakit.instructize.template_set import AnswerForm


class ResponseFormat(BaseModel):
    """One prompt, and the forms of answer it is true of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    answers: list[AnswerForm]


class ResponseFormats(BaseModel):
    """The table `response_formats.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    formats: dict[str, ResponseFormat]

    def prompt(self, name: str | None, answer: AnswerForm) -> str:
        """The prompt of a name, or a sentence as it is; empty for None.

        Raises:
            UsageError: an unknown name, or a prompt that is not true of this form of answer.
        """
        if name is None or " " in name.strip():
            return (name or "").strip()
        if name not in self.formats:
            raise UsageError(f"no response format {name!r}. {nearest(name, list(self.formats))}")
        found = self.formats[name]
        if answer not in found.answers:
            raise UsageError(
                f"the response format {name!r} asks for {' or '.join(found.answers)} answers, "
                f"but the template set's are {answer!r}."
            )
        return found.text


@cache
def load_response_formats() -> ResponseFormats:
    """Loads the shipped table."""
    file = Path(__file__).with_name("response_formats.yaml")
    return load_config(file, ResponseFormats, what="table of response formats").value
