"""Hashes that are the same for ever, since keys, draws and orders are made of them."""

from __future__ import annotations

import pytest

from datakit.io.stable_hash import stable_hash


@pytest.mark.parametrize(
    ("parts", "value"),
    [
        ((42, "draw", "a"), 0x8ED26215433841C5),
        ((42, "draw", "é"), 0xBFEBB1863B190898),
        (("1", ""), 0xE430A2D87FE0493E),
        (("", 1), 0x59D09F209B4F1F91),
        (("\ud800",), 0x6E0531EC3BBB8974),
    ],
)
def test_a_hash_never_changes(parts: tuple[str | int, ...], value: int) -> None:
    assert stable_hash(*parts) == value
