"""Small releases in their official layouts, a module a converter, and a mixture of three."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.releases.chartqa import write_chartqa
from tests.releases.common import Layout, draw, hub_layout_of, layout_of, read, write_json
from tests.releases.docvqa import write_docvqa
from tests.releases.llava import write_llava

__all__ = [
    "Layout",
    "Release",
    "draw",
    "hub_layout_of",
    "layout_of",
    "read",
    "write_json",
    "write_releases",
]

MIXTURE = """\
name: small
seed: 7
root: {root}
sources:
  - {{dataset: chartqa, path: ChartQA Dataset, split: train}}
  - {{dataset: docvqa, path: DocVQA, split: val}}
  - {{dataset: sharegpt-4v, path: ShareGPT4V/conversations.json, options: {{images: scenes}}}}
"""


@dataclass(frozen=True)
class Release:
    """Where the releases and the mixture of them lie."""

    root: Path
    mixture: Path

    @property
    def charts(self) -> Path:
        return self.root / "ChartQA Dataset" / "train"

    def edit_chart_rows(self, rows: list[Any]) -> None:
        """Replaces ChartQA's human questions."""
        (self.charts / "train_human.json").write_text(json.dumps(rows))

    def write_mixture(self, text: str, name: str = "mixture.yaml") -> Path:
        """Writes another mixture beside the first; `{root}` stands for the releases' folder."""
        path = self.mixture.with_name(name)
        path.write_text(text.replace("{root}", str(self.root)))
        return path


def write_releases(folder: Path) -> Release:
    """Writes 3 releases: 9 + 4 chart questions, 5 document questions, 4 conversations."""
    root = folder / "raw"
    write_chartqa(root)
    write_docvqa(root)
    write_llava(root)
    mixture = folder / "mixture.yaml"
    mixture.write_text(MIXTURE.format(root=root))
    return Release(root, mixture)
