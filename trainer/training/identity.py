"""What makes a run the same run: its recipe, but for keys of the machine, and its data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import datakit
from datakit.errors import OutputError
from datakit.io.atomic import write_whole
from trainer.recipe import Blend, EngineRecipe, Recipe
from trainer.training.holding import in_turn

IDENTITY_FILE = "run.json"
SHOWN = 8
# Weights of another precision are other weights; the other keys of the engine may change, and so
# may the cutting of a step. Builds may move.
FREE_KEYS = {*EngineRecipe.model_fields, "packing", "micro_batch_tokens", "data"} - {"precision"}


def run_identity(
    recipe: Recipe, blends: Mapping[str, Blend], builds: Mapping[str, datakit.BuiltDataset]
) -> dict[str, Any]:
    """The recipe without what may change from one start to the next, and the data.

    Args:
        blends: of each stage.
        builds: by what blends call them.
    """
    keys = recipe.model_dump(mode="json", by_alias=True, exclude=FREE_KEYS)
    data = {
        stage: [
            {"fingerprint": builds[choice.build].fingerprint, "weight": choice.weight}
            for choice in blend
        ]
        for stage, blend in blends.items()
    }
    return {"recipe": keys, "data": data}


def claim_identity(out: Path, identity: Mapping[str, Any]) -> None:
    """Marks a folder as that of a run, or checks that it is.

    Raises:
        OutputError: it is another run's, and the difference; or it holds something else.
    """
    file = out / IDENTITY_FILE
    out.mkdir(parents=True, exist_ok=True)
    with in_turn(out):
        if file.is_file():
            check_identity(json.loads(file.read_bytes()), identity, where=out)
        elif any(out.iterdir()):
            raise OutputError(
                f"{out} holds something already. Give --out a new folder, or remove it."
            )
        else:
            write_whole(file, json.dumps(identity, indent=1).encode() + b"\n")


def check_identity(saved: Mapping[str, Any], now: Mapping[str, Any], *, where: Path) -> None:
    """Checks that two identities are equal.

    Raises:
        OutputError: they are not; the differences are listed.
    """
    before, after = dict(_flat(saved)), dict(_flat(json.loads(json.dumps(now))))
    differing = [
        f"  {key}: {_shown(before, key)} there, {_shown(after, key)} now"
        for key in {**before, **after}
        if _shown(before, key) != _shown(after, key)
    ]
    if differing:
        more = f"\n  and {len(differing) - SHOWN} more" if len(differing) > SHOWN else ""
        listed = "\n".join(differing[:SHOWN])
        raise OutputError(
            f"{where} is of another recipe or of other data:\n{listed}{more}\n"
            "Give --out a new folder, or the recipe and the data that it began with."
        )


def _flat(value: object, key: str = "") -> Iterator[tuple[str, object]]:
    """Leaves of nested maps and lists, by dotted keys."""
    if isinstance(value, Mapping) and value:
        for name, child in value.items():
            yield from _flat(child, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list) and value:
        for index, child in enumerate(value):
            yield from _flat(child, f"{key}[{index}]")
    else:
        yield key, value


def _shown(flat: Mapping[str, object], key: str) -> str:
    return json.dumps(flat[key]) if key in flat else "nothing"
