"""How many threads each worker checks and encodes images with."""

from __future__ import annotations

from datakit.io.image_style import ImageStyle


def image_threads(style: ImageStyle, workers: int, tasks: int) -> int:
    """Threads for images in each worker, so that no core rests where there are few shards.

    Only where pixels are decoded; then also while the last shards are written: several threads for
    each core cost nothing. What is copied is not written sooner by more of them.
    """
    if not style.decodes:
        return 1
    return max(1, min(workers, -(-4 * workers // max(1, tasks))))
