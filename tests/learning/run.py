"""From raw charts to a trained model: build, fit, ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import datakit
import trainer
from tests.learning.charts import draw_release
from tests.learning.exact_match import Examined

RECIPE = Path(__file__).with_name("recipe.yaml")
MIXTURE = """\
name: learn

images: {{mode: jpeg, quality: 95, max_side_px: 128}}
instructize: {{multi_turn: {merged}, diversity: single, response_format: {{at: none}}}}
sources:
  - dataset: chartqa
    path: ChartQA Dataset
    split: {split}
    options: {{subset: human}}
    license: Apache-2.0 (drawn by datakit demo)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What models learn from and are asked.

    Attributes:
        lessons: a build of the charts to learn, all questions about one in one sample.
        questions: a build of other charts, a question a sample.
    """

    lessons: Path
    questions: Path


def prepare(folder: Path, *, lessons_charts: int, questions_charts: int) -> Material:
    """Draws charts and builds them."""
    draw_release(folder, lessons=lessons_charts, questions=questions_charts)
    built = {}
    for name, split, merged in (("lessons", "train", "true"), ("questions", "val", "false")):
        mixture = folder / f"{name}.yaml"
        mixture.write_text(MIXTURE.format(split=split, merged=merged))
        built[name] = folder / name
        datakit.build(mixture, out=built[name], root=folder)
    return Material(**built)


def learn(material: Material, out: Path, overrides: Sequence[str] = ()) -> Examined:
    """Trains a model from scratch and hands it over to be asked."""
    results = trainer.fit(RECIPE, data=material.lessons, out=out, overrides=overrides)
    return Examined(results[-1].model, material.questions)
