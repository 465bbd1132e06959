"""What a mixture says of phrasing, settled for one source."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from datakit.errors import nearest
from datakit.instructize import (
    BoxStyle,
    ChoiceStyle,
    Instructions,
    ResponseFormat,
    TemplateSet,
    answer_form,
    bare_set,
    find_task,
    load_response_formats,
    load_template_set,
    template_set_names,
)
from datakit.instructize.choices import is_label
from datakit.instructize.template_set import AnswerForm
from datakit.mixture import Instructize, Source
from datakit.planning.problems import At, Problems
from datakit.sources import Dataset
from datakit.sources.hygiene import has_marker

DEFAULT_INVERSION_SHARE = 0.3


class Phraser:
    """Finds template sets and settles how each source is phrased; notes what is wrong."""

    def __init__(self, problems: Problems, folders: Sequence[Path]) -> None:
        self.problems = problems
        self.folders = folders
        self.seed = problems.loaded.value.seed

    def instructions(
        self, at: tuple[str, int], spec: Source, dataset: Dataset, how: Instructize
    ) -> Instructions | None:
        """How the source is phrased; None where a name in it is unknown."""
        found = self.templates(at, spec, dataset, how)
        if found is None:
            return None
        set_name, templates = found
        choices = self.choice_style(at, spec, how, templates)
        answer = answer_form(templates.answer, choices)
        response_format = None
        if how.prompt == "template":
            response_format = self.problems.attempt(
                self.said_at(at, spec, "response_format"),
                lambda: response_format_of(how, dataset, answer, templates.task),
            )
        texts = {"response_format": response_format.text if response_format else ""}
        for key, text in {**texts, "system_prompt": how.system_prompt}.items():
            if text and has_marker(text):
                found_text = f"{text!r} holds a placeholder or special token."
                self.problems.add(self.said_at(at, spec, key), found_text)
        if how.boxes.scale == "unit" and how.boxes.decimals == 0:
            self.problems.add(
                self.said_at(at, spec, "boxes"),
                "fractions without decimals are all 0 or 1.",
                "Give decimals, or another scale.",
            )
        return Instructions(
            source=spec.name,
            set_name=set_name,
            templates=templates,
            seed=self.seed,
            diversity=how.diversity,
            inversion_share=inversion_share(spec, how, templates),
            response_format=response_format,
            response_format_at=how.response_format.at,
            instruction_at=how.instruction_at,
            system_prompt=how.system_prompt,
            boxes=box_style(how),
            choices=choices,
        )

    def said_at(self, at: tuple[str, int], spec: Source, key: str) -> At:
        """Where a key of `instructize` is set: at the source, or for all sources at once."""
        own = key in spec.instructize.model_fields_set
        return (*at, "instructize", key) if own else ("instructize", key)

    def templates(
        self, at: tuple[str, int], spec: Source, dataset: Dataset, how: Instructize
    ) -> tuple[str, TemplateSet] | None:
        """The template set and its name; a set of one bare phrasing where a name is the prompt."""
        task = self.problems.attempt((*at, "dataset"), lambda: find_task(dataset.task))
        is_fine = how.granularity == "fine" and dataset.templates == "own"
        name = f"fine/{spec.dataset}" if is_fine else f"coarse/{dataset.task}"
        there = template_set_names(self.folders)
        if task is None:
            return None
        if name not in there:
            alike = [n for n in there if n.endswith((f"/{spec.dataset}", f"/{dataset.task}"))]
            same = [n for n in there if n.startswith(how.granularity)]
            mend = f"There is {' and '.join(alike)}." if alike else nearest(name, same)
            self.problems.add((*at, "dataset"), f"no template set {name!r}.", mend)
            return None
        loaded = self.problems.attempt(
            (*at, "dataset"), lambda: load_template_set(name, self.folders)
        )
        if loaded is None or how.prompt == "template" or task.as_is:
            return None if loaded is None else (name, loaded)
        if how.prompt == "dataset-name":
            return f"dataset-name/{spec.dataset}", bare_set(task, dataset.title, loaded)
        return f"task-name/{dataset.task}", bare_set(task, task.title, loaded)

    def choice_style(
        self, at: tuple[str, int], spec: Source, how: Instructize, templates: TemplateSet
    ) -> ChoiceStyle:
        """The set's own labels and answers, with the mixture's laid over them."""
        own, wanted = templates.choices, how.choices
        if wanted.labels is not None and not is_label(wanted.labels):
            self.problems.add(
                self.said_at(at, spec, "choices"),
                f"{wanted.labels!r} is no label of a first option.",
                'Write one such as A. or (A) or "1.".',
            )
            return ChoiceStyle()
        return ChoiceStyle(
            labels=wanted.labels or own.labels,
            answer=wanted.answer or own.answer,
            shuffle=wanted.shuffle,
        )


def response_format_of(
    how: Instructize, dataset: Dataset, answer: AnswerForm, task: str
) -> ResponseFormat | None:
    """The format prompt that a mixture names, or the dataset's own.

    Raises:
        UsageError: an unknown name, or a prompt that is not true of the answers.
    """
    formats, named = load_response_formats(), how.response_format.prompt
    if named is not None and named.strip():
        return formats.named(named, answer, task)
    own = dataset.response_format
    return formats.of_dataset([own] if isinstance(own, str) else own or [], answer, task)


def inversion_share(spec: Source, how: Instructize, templates: TemplateSet) -> float:
    """The share of inverted samples: the source's own, else the set's, else the mixture's."""
    if not templates.inversions:
        return 0.0
    own = spec.instructize.inversion_share
    if own is not None:
        return own
    if templates.inversion_share is not None:
        return templates.inversion_share
    if how.diversity != "multi+inversion":
        return 0.0
    return DEFAULT_INVERSION_SHARE if how.inversion_share is None else how.inversion_share


def box_style(how: Instructize) -> BoxStyle:
    """How boxes are written, with the decimals that their scale takes."""
    boxes = how.boxes
    usual = 3 if boxes.scale == "unit" else 0
    return BoxStyle(
        form=boxes.format,
        scale=boxes.scale,
        decimals=usual if boxes.decimals is None else boxes.decimals,
        frame=boxes.frame,
    )
