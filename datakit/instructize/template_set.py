"""Template sets: the phrasings of one dataset or one task, a YAML file each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from datakit.config import Loaded, load_config
from datakit.errors import ConfigError, Problem, UsageError, nearest
from datakit.instructize.sandbox import Phrasing, TemplateFault
from datakit.io.stable_hash import stable_hash
from datakit.record import IMAGE_PLACEHOLDER
from datakit.registry import shipped_folder
from datakit.sources.hygiene import has_special_token

AnswerForm = Literal["short", "sentence", "paragraph", "letter", "number", "box", "free"]

FIELDS_BY_TASK: dict[str, frozenset[str]] = {
    "vqa-open": frozenset({"question", "answer", "answers"}),
    "conversation": frozenset({"user", "assistant"}),
}


class Template(BaseModel):
    """One phrasing of a turn; `next` phrases it where it is not a conversation's first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    user: str
    assistant: str
    next: str | None = None


class TemplateSet(BaseModel):
    """The phrasings of one dataset (`fine/`) or one task (`coarse/`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str
    answer: AnswerForm = Field(description="what a response-format prompt may say of the answer")
    templates: list[Template] = Field(min_length=1)

    def digest(self) -> str:
        """A hash of the set's meaning: 16 hex digits."""
        return f"{stable_hash(self.model_dump_json()):016x}"


def template_folders(own: Path | None = None) -> list[Path]:
    """Where sets are looked for, first found first: the user's, `./templates`, the shipped."""
    folders = [own, Path("templates"), shipped_folder("templates")]
    return [folder for folder in folders if folder is not None]


def template_set_names(folders: Sequence[Path]) -> list[str]:
    """Names of all sets, such as `fine/chartqa`."""
    files = [file for folder in folders for file in folder.glob("*/*.yaml")]
    return sorted({f"{file.parent.name}/{file.stem}" for file in files})


def find_template_set(name: str, folders: Sequence[Path]) -> Path:
    """The file of a set.

    Raises:
        UsageError: there is none; the nearest names are given.
    """
    for folder in folders:
        if (folder / f"{name}.yaml").is_file():
            return folder / f"{name}.yaml"
    raise UsageError(f"no template set {name!r}. {nearest(name, template_set_names(folders))}")


def load_template_set(name: str, folders: Sequence[Path]) -> TemplateSet:
    """Loads a set and compiles each of its templates once, so that all faults are known.

    Raises:
        UsageError: no set of this name.
        ConfigError: all problems, each with its file and line.
    """
    file = find_template_set(name, folders)
    loaded = load_config(file, TemplateSet, what="template set")
    problems = _problems(loaded)
    if problems:
        raise ConfigError(f"template set {file}", problems)
    return loaded.value


def _problems(loaded: Loaded[TemplateSet]) -> list[Problem]:
    fields = FIELDS_BY_TASK.get(loaded.value.task)
    if fields is None:
        mend = nearest(loaded.value.task, list(FIELDS_BY_TASK))
        return [Problem(where=loaded.where("task"), key="task", found="unknown task.", mend=mend)]
    problems, seen = [], set()
    for index, template in enumerate(loaded.value.templates):
        where = ("templates", index)
        if template.id in seen:
            problems.append(_problem(loaded, (*where, "id"), f"{template.id!r} occurs twice."))
        seen.add(template.id)
        for key in ("user", "assistant", "next"):
            source = getattr(template, key)
            if source is not None and (fault := _fault(source, fields)):
                problems.append(_problem(loaded, (*where, key), fault))
    return problems


def _fault(source: str, fields: frozenset[str]) -> str | None:
    if IMAGE_PLACEHOLDER in source:
        return f"{IMAGE_PLACEHOLDER} is placed by datakit; leave it out."
    if has_special_token(source):
        return "special tokens are the trainer's; leave them out."
    try:
        Phrasing(source, fields)
    except TemplateFault as fault:
        return str(fault)
    return None


def _problem(loaded: Loaded[TemplateSet], path: tuple[str | int, ...], found: str) -> Problem:
    key = f"{path[0]}[{path[1]}].{path[2]}"
    return Problem(where=loaded.where(*path), key=key, found=found)
