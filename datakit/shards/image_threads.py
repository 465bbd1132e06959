"""How many threads each worker checks and encodes images with."""

from __future__ import annotations

from datakit.io.image_style import ImageStyle


def image_threads(style: ImageStyle, workers: int, tasks: int) -> int:
    """Threads for images in each worker, so that no core rests where there are few shards.

    Where pixels are decoded, that is also while the last shards are written: several threads for
    each core cost nothing then.
    """
    idle = workers // max(1, min(workers, tasks))
    few = -(-4 * workers // max(1, tasks)) if style.decodes else 1
    return max(idle, min(workers, few))
