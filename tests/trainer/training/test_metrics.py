"""What a run prints."""

from __future__ import annotations

from trainer.training.watch.console import loss_curve


def test_the_curve_has_a_bar_for_each_step_or_share_of_steps() -> None:
    assert loss_curve([8.0, 1.0]) == "█▁"
    assert loss_curve([2.0]) == "▁"
    falling = [float(1000 - step) for step in range(1000)]
    assert loss_curve(falling, columns=8) == "█▇▆▅▄▃▂▁"
