"""The images of a shard's samples: read in order, checked and encoded ahead by threads."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from datakit.errors import DataError
from datakit.geometry import View
from datakit.io.image_files import ImageFiles
from datakit.io.image_header import ImageError, ImageHeader, open_image, without_warnings
from datakit.io.image_rewrite import write_image, written_header
from datakit.io.image_style import ImageStyle
from datakit.io.trees.source_path import URL

AHEAD = 3  # images in work or done for each thread
MOST_AHEAD_BYTES = 1 << 28
MOST_AHEAD_SAMPLES = 1 << 10  # of text alone, between two with images

Wanted = tuple[ImageFiles, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleImage:
    """One image of a sample, as its shard holds it.

    Attributes:
        header: of `data`.
        view: the same for boxes.
        changes: what differs from the source's image; nothing where the bytes are its own.
        source_bytes: of that image.
    """

    data: bytes
    header: ImageHeader
    sha256: str
    view: View
    changes: tuple[str, ...]
    source_bytes: int


Loaded = tuple[SampleImage, ...] | ImageError


def view_of(header: ImageHeader, style: ImageStyle) -> View:
    """The image as it will be written, for boxes in its source's pixels."""
    return _view(written_header(header, style), header)


def _view(written: ImageHeader, source: ImageHeader) -> View:
    return View(
        size=(written.width_px, written.height_px),
        stored=(source.width_px, source.height_px),
        orientation=source.orientation,
        is_turned=written is not source,
    )


def read_view(files: ImageFiles, name: str, style: ImageStyle) -> View:
    """The same for an image that is only looked at.

    Raises:
        ImageError: it cannot be read, or is no image that a shard may hold.
    """
    data = _read(files, name)
    with without_warnings():
        _, header = open_image(data, convertible=style.mode != "copy")
    return view_of(header, style)


def load_images(samples: Iterable[Wanted], style: ImageStyle, *, threads: int) -> Iterator[Loaded]:
    """Yields the images of each sample in turn, or why one of them cannot be used.

    Files are read by the thread that asks, in order; with several `threads`, others check, encode
    and digest what was read, a bounded number of samples ahead.
    """
    with without_warnings():
        if threads == 1:
            for files, names in samples:
                try:
                    yield tuple(_load(name, _read(files, name), style) for name in names)
                except ImageError as error:
                    yield error
        else:
            yield from _load_ahead(samples, style, threads)


def _load_ahead(samples: Iterable[Wanted], style: ImageStyle, threads: int) -> Iterator[Loaded]:
    waiting: deque[tuple[int, list[Future[SampleImage]] | ImageError]] = deque()
    images, ahead_bytes = 0, 0
    with ThreadPoolExecutor(threads) as pool:
        try:
            for files, names in samples:
                try:
                    read = [(name, _read(files, name)) for name in names]
                except ImageError as error:
                    waiting.append((0, error))
                else:
                    own = [pool.submit(_load, name, data, style) for name, data in read]
                    size = sum(len(data) for _, data in read)
                    waiting.append((size, own))
                    images, ahead_bytes = images + len(own), ahead_bytes + size
                while waiting and (
                    images > AHEAD * threads
                    or ahead_bytes > MOST_AHEAD_BYTES
                    or len(waiting) > MOST_AHEAD_SAMPLES
                ):
                    size, first = waiting.popleft()
                    images -= 0 if isinstance(first, ImageError) else len(first)
                    ahead_bytes -= size
                    yield _result(first)
            while waiting:
                yield _result(waiting.popleft()[1])
        finally:
            pool.shutdown(cancel_futures=True)


def _result(found: list[Future[SampleImage]] | ImageError) -> Loaded:
    if isinstance(found, ImageError):
        return found
    try:
        return tuple(future.result() for future in found)
    except ImageError as error:
        return error


def _read(files: ImageFiles, name: str) -> bytes:
    try:
        return files.read(name)
    except OSError as error:
        if URL.match(str(files.root)) and not isinstance(error, FileNotFoundError):
            # A bucket that does not answer says nothing of the image.
            raise DataError(
                f"{name} of {files.root} cannot be read: {error}. Run the same command again."
            ) from error
        raise ImageError("image-unreadable", f"{name}: {error.strerror or error}") from error


def _load(name: str, data: bytes, style: ImageStyle) -> SampleImage:
    try:
        written = write_image(data, style)
    except ImageError as error:
        raise ImageError(error.reason, f"{name}: {error.detail}") from error
    return SampleImage(
        data=written.data,
        header=written.header,
        sha256=hashlib.sha256(written.data).hexdigest(),
        view=_view(written.header, written.source),
        changes=written.changes,
        source_bytes=len(data),
    )
