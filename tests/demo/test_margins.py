"""Nothing runs off a chart or a page."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from datakit.demo.chart_data import invent_chart
from datakit.demo.charts import draw_chart
from datakit.demo.documents import draw_document

EDGE_PX = 4


def chart(index: int) -> Image.Image:
    return draw_chart(invent_chart(6, index))


def page(index: int) -> Image.Image:
    return draw_document(6, index, num_questions=1).image


@pytest.mark.parametrize("draw", [chart, page])
def test_edges_are_bare_paper(draw: Callable[[int], Image.Image]) -> None:
    for index in range(90):
        grey = np.asarray(draw(index).convert("L"))  # H W
        frame = np.ones(grey.shape, dtype=bool)
        frame[EDGE_PX:-EDGE_PX, EDGE_PX:-EDGE_PX] = False
        assert grey[frame].min() > 225, index
