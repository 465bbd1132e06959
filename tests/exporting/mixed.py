"""One build with all that a format may not be able to hold."""

from __future__ import annotations

from pathlib import Path

import datakit
from tests.releases.alpaca import write_alpaca
from tests.releases.chartqa import write_chartqa
from tests.releases.common import draw
from tests.releases.llava import write_llava
from tests.releases.mantis import mantis_row, write_mantis
from tests.releases.refcoco import write_refcoco

MIXTURE = """\
name: mixed
seed: 3
root: {root}
instructize: {{diversity: multi+inversion}}
sources:
  - {{dataset: chartqa, path: ChartQA Dataset, split: train}}
  - {{dataset: sharegpt-4v, path: ShareGPT4V/conversations.json, options: {{images: scenes}}}}
  - {{dataset: mantis-instruct, path: Mantis/train.json}}
  - {{dataset: alpaca, path: alpaca}}
  - {{dataset: refcoco, path: refcoco, instructize: {{boxes: {{scale: pixel, decimals: 1}}}}}}
"""


def write_mixed_build(folder: Path) -> Path:
    """Charts, scenes and text with a system turn, several images, text alone, boxes; 3 a shard."""
    root = folder / "raw"
    write_chartqa(root)
    write_llava(root)
    tags = ("<image>What does <bbox> or <img> mean?", "A tag. USER: And </s>? ASSISTANT: An end.")
    odd = mantis_row(*tags, images=1, id="tags")
    pair = mantis_row("<image><image>Which is older?", "Image 2.")
    night = mantis_row("<image>Day or night?", "Night.", images=1, id="webp")
    draw(root / "Mantis" / "night.webp", "night")
    write_mantis(root, pair, odd, {**night, "images": ["night.webp"]})
    write_alpaca(root)
    write_refcoco(root)
    mixture = folder / "mixture.yaml"
    mixture.write_text(MIXTURE.format(root=root))
    datakit.build(mixture, out=folder / "out", workers=1, overrides=["output.shard_samples=3"])
    return folder / "out"
