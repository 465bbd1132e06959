"""Hashes by which images that look the same are known, though their bytes differ."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image

HASH_BYTES = 32
SIDE_BITS = 16
MARGIN = 4  # of 255 grey levels: less is the noise of an encoder in a plain area
DRAFT_PX = 8 * SIDE_BITS
# Bits that stand beside each other in a hash are from all over the image, so that no part of the
# hash is of a white margin alone.
SCATTERED = np.arange(SIDE_BITS**2) * 149 % SIDE_BITS**2


def difference_hash(data: bytes) -> bytes | None:
    """Of the image at 17 x 16 grey pixels, one bit each: whether the next is brighter.

    Copies in JPEG or at another scale differ in few bits, see docs/measurements/lookalikes.txt.
    (N. Krawetz, "Kind of Like That", 2013; here with a margin, and larger.)

    Returns:
        HASH_BYTES; None where the image cannot be decoded.
    """
    try:
        with Image.open(BytesIO(data)) as image:
            image.draft("L", (DRAFT_PX, DRAFT_PX))  # a JPEG is decoded at a reduced scale
            size = (SIDE_BITS + 1, SIDE_BITS)
            grey = image.convert("L").resize(size, Image.Resampling.BOX)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    levels = np.asarray(grey, dtype=np.int16)
    brighter = levels[:, 1:] - levels[:, :-1] > MARGIN
    return np.packbits(brighter.ravel()[SCATTERED]).tobytes()
