"""The code that a model needs, put beside its weights.

A folder with it loads with `trust_remote_code=True` where only torch, transformers and timm are
installed; pydantic comes with transformers. All four classes come from one module: transformers
keeps a copy of the code for each module that a folder names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from datakit import __version__
from datakit.registry import load_class
from trainer.encoders.families.base import Backbone
from trainer.exporting.flat import flat_modules, flat_name
from trainer.fusions.base import Fusion
from trainer.geometry.base import Geometry
from trainer.model.configuration import EncoderMixtureConfig
from trainer.model.image_processor import SquareImageProcessor
from trainer.model.modeling import EncoderMixtureForConditionalGeneration
from trainer.model.processor import EncoderMixtureProcessor
from trainer.projectors.base import Projector

ENTRY = "trainer.encoder_mixture"
AUTO_CLASSES = {
    "AutoConfig": EncoderMixtureConfig,
    "AutoModelForImageTextToText": EncoderMixtureForConditionalGeneration,
    "AutoProcessor": EncoderMixtureProcessor,
    "AutoImageProcessor": SquareImageProcessor,
}
NEEDED = '''\
"""The classes that transformers asks for."""

import pydantic, timm  # transformers looks here for what may be missing, and names it

'''
REGISTRY = '''\
"""The parts of this model, by package and name."""

{imports}

PARTS = {{
{entries}
}}


def load_class(package, name, base):
    """The part's class; `base` is what it derives from."""
    if (package, name) not in PARTS:
        known = ", ".join(other for kind, other in PARTS if kind == package)
        raise ValueError(f"no {{base.__name__}} {{name!r}} in this model, which has {{known}}")
    return PARTS[package, name]
'''
CARD = """\
---
library_name: transformers
pipeline_tag: image-text-to-text
---
# {name}

{encoders} -> {fusion} -> {projector} -> {language_model}

```python
from transformers import AutoModelForImageTextToText, AutoProcessor

processor = AutoProcessor.from_pretrained("{name}", trust_remote_code=True)
model = AutoModelForImageTextToText.from_pretrained("{name}", trust_remote_code=True)
parts = [{{"type": "image", "path": "image.png"}}, {{"type": "text", "text": "\\nWhat is this?"}}]
inputs = processor.apply_chat_template(
    [{{"role": "user", "content": parts}}],
    add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt",
)
written = model.generate(**inputs, max_new_tokens=64)
print(processor.decode(written[0, inputs["input_ids"].shape[1]:], skip_special_tokens=True))
```

It needs torch, transformers and timm. The code beside the weights is that of
datakit-vlm {version}, written by `trainer export --standalone`.
"""


def make_standalone(folder: Path, *, name: str) -> None:
    """Adds code, the names of its classes and a card to a saved model.

    Args:
        name: what the card calls the model.
    """
    config = _read(folder / "config.json")
    processor = _read(folder / "processor_config.json")
    parts = parts_of(config, processor["image_processor"]["geometry"])
    for file, source in standalone_modules(parts).items():
        (folder / file).write_text(source, encoding="utf-8")
    for kind in ("AutoConfig", "AutoModelForImageTextToText"):
        _name_class(config, kind)
    _name_class(processor, "AutoProcessor")
    _name_class(processor["image_processor"], "AutoImageProcessor")
    _write(folder / "config.json", config)
    _write(folder / "processor_config.json", processor)
    card = CARD.format(
        name=name,
        encoders=" + ".join(encoder["name"] for encoder in config["encoders"]),
        fusion=config["fusion"]["type"],
        projector=config["projector"]["type"],
        language_model=config["text_config"]["model_type"],
        version=__version__,
    )
    (folder / "README.md").write_text(card, encoding="utf-8")


def parts_of(
    config: Mapping[str, Any], geometry: Mapping[str, Any]
) -> dict[tuple[str, str], type[object]]:
    """The classes that a model finds by name, by their package and name."""
    families = {encoder["family"] for encoder in config["encoders"]}
    wanted: list[tuple[str, str, type[object]]] = [
        ("trainer.fusions", config["fusion"]["type"], Fusion),
        ("trainer.projectors", config["projector"]["type"], Projector),
        ("trainer.geometry", geometry["type"], Geometry),
        *(("trainer.encoders.families", family, Backbone) for family in sorted(families)),
    ]
    return {(package, name): load_class(package, name, base) for package, name, base in wanted}


def standalone_modules(parts: Mapping[tuple[str, str], type[object]]) -> dict[str, str]:
    """The source of each file of code, by the file's name."""
    given = {
        ENTRY: NEEDED + _imports(AUTO_CLASSES.values()),
        "datakit.registry": REGISTRY.format(
            imports=_imports(parts.values()),
            entries="\n".join(f"    {key!r}: {part.__name__}," for key, part in parts.items()),
        ),
    }
    return flat_modules([ENTRY], given=given)


def _imports(classes: Iterable[type[object]]) -> str:
    lines = [f"from {one.__module__} import {one.__name__}" for one in classes]
    return "\n".join(sorted(lines)) + "\n"


def _name_class(described: dict[str, Any], kind: str) -> None:
    described.setdefault("auto_map", {})[kind] = f"{flat_name(ENTRY)}.{AUTO_CLASSES[kind].__name__}"


def _read(path: Path) -> dict[str, Any]:
    described: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return described


def _write(path: Path, described: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(described, indent=2, sort_keys=True) + "\n", encoding="utf-8")
