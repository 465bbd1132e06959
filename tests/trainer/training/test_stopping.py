"""Signals that ask a run to stop."""

from __future__ import annotations

import os
import signal

import pytest

from trainer.training.stopping import stop_requests, stopped


def test_the_first_interrupt_waits_for_the_step_and_the_second_does_not() -> None:
    before = signal.getsignal(signal.SIGINT)
    with stop_requests() as request:
        os.kill(os.getpid(), signal.SIGINT)
        assert request.signal == signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_the_status_is_that_of_the_signal(number: int, status: int) -> None:
    error = stopped(number, where="step 3")
    assert error.exit_status == status
    assert "step 3 is saved. The same command goes on" in str(error)
