"""A tiny mixture of encoders learns to read charts, from raw data to the saved model.

About four minutes on one core: 2,800 charts to learn from, 1,400 steps of 16 samples, then 800
questions about 300 other charts.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra `train` is not installed")

from tests.learning.charts import KINDS
from tests.learning.exact_match import Answers
from tests.learning.run import learn, prepare
from tests.threads import one_thread

pytestmark = [pytest.mark.train, pytest.mark.slow]

LESSONS_CHARTS, QUESTIONS_CHARTS = 2800, 300
EXACT_MATCH = 0.95
STANDARD_ERRORS = 3


def test_two_encoders_learn_charts_by_seeing_them(tmp_path: Path) -> None:
    material = prepare(tmp_path, lessons_charts=LESSONS_CHARTS, questions_charts=QUESTIONS_CHARTS)
    with one_thread():
        examined = learn(material, tmp_path / "run")
    seen, unseen = examined.with_own_images(), examined.with_others_images()
    print(f"own images: {_told(seen)}")
    print(f"images of others: {_told(unseen)}")
    assert set(seen) == set(KINDS)
    for kind in KINDS:
        assert len(seen[kind].true) >= 90
        assert seen[kind].share >= EXACT_MATCH, _told(seen)
        away = abs(unseen[kind].share - unseen[kind].chance)
        assert away <= STANDARD_ERRORS * unseen[kind].standard_error, _told(unseen)


def _told(answers: Mapping[str, Answers]) -> str:
    return "; ".join(
        f"{kind} {one.share:.1%} of {len(one.true)} questions (chance {one.chance:.1%})"
        for kind, one in answers.items()
    )
