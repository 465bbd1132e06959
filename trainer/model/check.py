"""Finds every mistake in the model part of a recipe, before anything is built."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from huggingface_hub.errors import StrictDataclassError
from pydantic import ValidationError
from transformers import AutoConfig

from datakit.config import Loaded
from datakit.errors import ConfigError, Problem, UsageError, nearest
from trainer.encoders import encoder_name, resolve_encoder
from trainer.model.chat_template import load_chat_template
from trainer.model.check_language_model import language_model_fault
from trainer.model.check_sizes import size_faults
from trainer.model.parts import resolve_fusion, resolve_geometry, resolve_projector
from trainer.recipe import ModelRecipe, Recipe

Path = tuple[str | int, ...]


def check_model(loaded: Loaded[Recipe]) -> None:
    """Checks names and settings of all parts of the model, and then whether they fit together.

    Raises:
        ConfigError: all problems, each with its line and the nearest valid name.
    """
    problems = list(_problems(loaded)) or [
        _problem(loaded, path, found) for path, found in size_faults(loaded.value)
    ]
    if problems:
        raise ConfigError(f"recipe {loaded.path}", problems)


def _problems(loaded: Loaded[Recipe]) -> Iterator[Problem]:
    model = loaded.value.model
    for index, encoder in enumerate(model.encoders):
        path = ("model", "encoders", index)
        yield from _resolution_problems(loaded, path, resolve_encoder, encoder.as_map())
    yield from _repeated_encoders(loaded, model)
    for key, resolve, choice in (
        ("fusion", resolve_fusion, model.fusion.as_map()),
        ("projector", resolve_projector, model.projector.as_map()),
        ("geometry", resolve_geometry, model.geometry.as_map()),
        ("chat_template", load_chat_template, model.chat_template),
    ):
        yield from _resolution_problems(loaded, ("model", key), resolve, choice)
    if isinstance(model.language_model, dict):
        yield from _language_model_problems(loaded, model.language_model)


def _resolution_problems(
    loaded: Loaded[Recipe], path: Path, resolve: Callable[[Any], object], choice: object
) -> Iterator[Problem]:
    try:
        resolve(choice)
    except UsageError as error:
        yield _problem(loaded, path, str(error))
    except ValidationError as error:
        for detail in error.errors():
            yield _problem(loaded, (*path, *detail["loc"]), f"{detail['msg']}.")


def _repeated_encoders(loaded: Loaded[Recipe], model: ModelRecipe) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, encoder in enumerate(model.encoders):
        name = encoder_name(encoder.as_map())
        if name in seen:
            found = f"two encoders are called {name!r}."
            mend = "Give one of them another `name`."
            yield _problem(loaded, ("model", "encoders", index), found, mend)
        seen.add(name)


def _language_model_problems(
    loaded: Loaded[Recipe], description: dict[str, Any]
) -> Iterator[Problem]:
    path = ("model", "language_model")
    try:
        known = vars(AutoConfig.for_model(description.get("model_type", "")))
    except ValueError:
        found = f"{description.get('model_type')!r} is no model type of transformers."
        yield _problem(loaded, (*path, "model_type"), found)
        return
    for key in description:
        if key == "vocab_size":
            mend = "Set model.tokenizer_vocab_size."
            yield _problem(loaded, (*path, key), "the tokenizer decides it.", mend)
        elif key not in known and key != "model_type":
            mend = nearest(key, [name for name in known if not name.startswith("_")])
            yield _problem(loaded, (*path, key), "unknown key.", mend)
    fault = _language_model_fault(description)
    if fault:
        yield _problem(loaded, path, fault)


def _language_model_fault(description: dict[str, Any]) -> str:
    """What is wrong with a description as a whole; empty where nothing is."""
    try:
        config = AutoConfig.for_model(**description)
    except (StrictDataclassError, TypeError, ValueError, ArithmeticError) as error:
        return f"transformers cannot make a {description['model_type']} of it: {error}"
    return language_model_fault(config)


def _problem(loaded: Loaded[Recipe], path: Path, found: str, mend: str = "") -> Problem:
    key = ".".join(str(part) for part in path)
    return Problem(where=loaded.where(*path), key=key, found=found, mend=mend)
