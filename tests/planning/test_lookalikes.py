"""Copies of an image have one look, and no other image has it."""

from __future__ import annotations

import random
from io import BytesIO

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from datakit.io.perceptual import HASH_BYTES, difference_hash
from datakit.planning.components import Components
from datakit.planning.lookalikes import MOST_BITS, same_looks


def picture(number: int) -> Image.Image:
    """A soft pattern of its own for each number."""
    levels = np.random.default_rng(number).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(levels).resize((320, 240), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str, **options: int) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def bits_apart(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


def hash_of(data: bytes) -> bytes:
    found = difference_hash(data)
    assert found is not None and len(found) == HASH_BYTES
    return found


def test_copies_in_other_encodings_and_sizes_are_near_and_others_far() -> None:
    originals = [hash_of(encoded(picture(number), "PNG")) for number in range(8)]
    for number, original in enumerate(originals):
        image = picture(number)
        copies = [
            encoded(image, "JPEG", quality=60),
            encoded(image, "WEBP", quality=60),
            encoded(image.resize((160, 120)), "JPEG", quality=85),
            encoded(image.resize((499, 374)), "PNG"),
        ]
        assert all(bits_apart(original, hash_of(copy)) <= MOST_BITS for copy in copies)
        others = originals[:number]
        assert all(bits_apart(original, other) > 2 * MOST_BITS for other in others)


def test_what_cannot_be_decoded_has_no_look() -> None:
    whole = encoded(picture(1), "JPEG")
    assert [difference_hash(data) for data in (b"", b"no image", whole[:200])] == [None] * 3


def test_all_pairs_are_found_also_through_others() -> None:
    draw = random.Random(5)
    hashes = [draw.randbytes(HASH_BYTES) for _ in range(50)]
    for original in list(hashes):
        number = int.from_bytes(original, "big")
        for _ in range(3):  # each a few bits from the one before, the last far from the first
            for bit in draw.sample(range(8 * HASH_BYTES), MOST_BITS):
                number ^= 1 << bit
            hashes.append(number.to_bytes(HASH_BYTES, "big"))
    found = same_looks(hashes)
    assert len(set(found.values())) == 50
    for place, first in enumerate(hashes[:50]):
        chain = [first, *hashes[50 + 3 * place : 53 + 3 * place]]
        assert {found[one] for one in chain} == {min(chain)}


def test_one_bit_too_many_is_another_look() -> None:
    one = bytes(HASH_BYTES)
    other = ((1 << (MOST_BITS + 1)) - 1).to_bytes(HASH_BYTES, "big")
    assert same_looks([one, other]) == {one: one, other: other}
    assert same_looks([]) == {}


@settings(max_examples=50)
@given(st.integers(1, 30), st.data())
def test_components_are_those_of_a_walk_along_the_pairs(count: int, data: st.DataObject) -> None:
    numbers = st.integers(0, count - 1)
    pairs = data.draw(st.lists(st.tuples(numbers, numbers), max_size=40))
    found = Components(count)
    for part in (pairs[::2], pairs[1::2]):
        columns = np.array(part, dtype=np.int64).reshape(-1, 2)
        found.join(columns[:, 0], columns[:, 1])
    expected = list(range(count))
    for _ in range(count):
        for one, other in pairs:
            expected[one] = expected[other] = min(expected[one], expected[other])
    assert found.smallest().tolist() == expected
