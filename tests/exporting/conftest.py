"""One build with all that a format may not be able to hold."""

from __future__ import annotations

from pathlib import Path

import pytest

import datakit
from tests.releases.alpaca import write_alpaca
from tests.releases.chartqa import write_chartqa
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


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Charts, scenes and text with a system turn, several images, text alone, boxes; 3 a shard."""
    folder = tmp_path_factory.mktemp("mixed")
    root = folder / "raw"
    write_chartqa(root)
    write_llava(root)
    odd = mantis_row("<image>What does <bbox> or <img> mean?", "A tag.", images=1, id="tags")
    pair = mantis_row("<image><image>Which is older?", "Image 2.")
    write_mantis(root, pair, odd)
    write_alpaca(root)
    write_refcoco(root)
    mixture = folder / "mixture.yaml"
    mixture.write_text(MIXTURE.format(root=root))
    datakit.build(mixture, out=folder / "out", workers=1, overrides=["output.shard_samples=3"])
    return folder / "out"
