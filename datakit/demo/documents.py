"""Document pages: letters, memos, invoices, receipts, forms and tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from datakit.demo.canvas import Canvas
from datakit.demo.correspondence import write_letter, write_memo
from datakit.demo.pages import PAPERS, Page, PageQuestion, scanned
from datakit.demo.paperwork import write_form, write_invoice, write_receipt, write_report
from datakit.demo.seeding import chooser

# Each kind with the size of its paper in pixels.
KINDS: tuple[tuple[Callable[[Page], None], tuple[int, int]], ...] = (
    (write_letter, (352, 448)),
    (write_invoice, (360, 448)),
    (write_memo, (352, 432)),
    (write_receipt, (256, 384)),
    (write_form, (352, 432)),
    (write_report, (368, 416)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A drawn page and the questions about it."""

    image: Image.Image
    questions: list[PageQuestion]


def draw_document(seed: int, index: int, *, num_questions: int) -> Document:
    """Writes page number `index`; the kinds take turns."""
    choose = chooser(seed, "document", index)
    write, (width_px, height_px) = KINDS[index % len(KINDS)]
    paper = choose.choice(PAPERS)
    page = Page(choose=choose, canvas=Canvas(width_px, height_px, paper))
    write(page)
    questions = choose.sample(page.questions, min(num_questions, len(page.questions)))
    return Document(image=scanned(page.canvas.finish(), choose, paper), questions=questions)
