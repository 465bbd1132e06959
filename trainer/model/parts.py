"""From the keys of a recipe or a `config.json` to the classes and settings they name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from datakit.registry import load_class
from trainer.fusions.base import Fusion
from trainer.geometry.base import Geometry
from trainer.projectors.base import Projector

Part = TypeVar("Part", Fusion, Geometry, Projector)


def resolve_fusion(choice: Mapping[str, Any]) -> tuple[type[Fusion], BaseModel]:
    """The class of a fusion and its settings; errors as `resolve_projector`."""
    return _resolve("fusions", choice, Fusion)


def resolve_geometry(choice: Mapping[str, Any]) -> tuple[type[Geometry], BaseModel]:
    """The class of a geometry and its settings; errors as `resolve_projector`."""
    return _resolve("geometry", choice, Geometry)


def resolve_projector(choice: Mapping[str, Any]) -> tuple[type[Projector], BaseModel]:
    """The class of a projector and its settings.

    Args:
        choice: `type`, and the keys of its `Config`.

    Raises:
        UsageError: no such type; the nearest names are given.
        pydantic.ValidationError: a setting is wrong.
    """
    return _resolve("projectors", choice, Projector)


def _resolve(
    folder: str, choice: Mapping[str, Any], base: type[Part]
) -> tuple[type[Part], BaseModel]:
    part = load_class(f"trainer.{folder}", choice["type"], base)
    settings = {key: value for key, value in choice.items() if key != "type"}
    return part, part.Config.model_validate(settings)
