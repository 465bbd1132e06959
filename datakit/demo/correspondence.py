"""Pages of prose: letters and memos."""

from __future__ import annotations

from datetime import timedelta

from datakit.demo.canvas import text_width_px
from datakit.demo.pages import Page, address, date, long_date, person
from datakit.demo.words import words

MARGIN_PX = 34


def write_letter(page: Page) -> None:
    """A business letter with letterhead, subject line, two paragraphs and a signature."""
    names, choose, canvas = words()["documents"], page.choose, page.canvas
    company, recipient, sender = choose.choice(names["companies"]), person(choose), person(choose)
    role = choose.choice(names["titles"])
    day = date(choose)
    y = _letterhead(page, company)
    canvas.text((MARGIN_PX, y), long_date(day), 10.5)
    street, city = address(choose)
    y += 28
    for line in (recipient, choose.choice(names["titles"]), street, city):
        canvas.text((MARGIN_PX, y), line, 10.5)
        y += 15
    message = choose.choice(names["letters"])
    canvas.text((MARGIN_PX, y + 12), f"Subject: {message['subject']}", 10.5, bold=True)
    canvas.text((MARGIN_PX, y + 38), f"Dear {recipient},", 10.5)
    y += 62
    meeting = long_date(day + timedelta(days=choose.randint(9, 70)))
    blanks = {
        "day": meeting,
        "room": choose.choice(names["rooms"]),
        "count": str(choose.randint(12, 180)),
        "city": choose.choice(names["cities"]),
    }
    for paragraph in message["body"]:
        text = paragraph.format(**blanks)
        y = page.paragraph((MARGIN_PX, y), text, 10.5, canvas.width_px - 2 * MARGIN_PX) + 8
    canvas.text((MARGIN_PX, y + 4), "Yours sincerely,", 10.5)
    page.signature((MARGIN_PX, y + 36), 78)
    canvas.text((MARGIN_PX, y + 48), sender, 10.5)
    canvas.text((MARGIN_PX, y + 62), role, 10.5)
    page.ask("letter_date", long_date(day))
    page.ask("letter_to", recipient, recipient.upper())
    page.ask("letter_from", sender)
    page.ask("letter_subject", message["subject"], message["subject"].lower())
    page.ask("letter_company", company)
    page.ask("letter_role", role)
    page.ask("letter_day", meeting)


def _letterhead(page: Page, company: str) -> float:
    """Writes company and address in one of two ways, and returns the y below."""
    canvas = page.canvas
    street, city = address(page.choose)
    right, middle = canvas.width_px - MARGIN_PX, canvas.width_px / 2
    if page.choose.random() < 0.5:
        canvas.text((middle, 36), company, 17, anchor="mm", bold=True)
        canvas.text((middle, 53), f"{street}, {city}", 9, anchor="mm")
    else:
        canvas.text((MARGIN_PX, 36), company, 15, anchor="lm", bold=True)
        canvas.text((MARGIN_PX, 53), f"{street}, {city}", 9, anchor="lm")
    page.rule(64, MARGIN_PX, right, 1)
    return 80


def write_memo(page: Page) -> None:
    """A memorandum with its four lines and a short announcement."""
    names, choose, canvas = words()["documents"], page.choose, page.canvas
    company = choose.choice(names["companies"])
    sender, recipient = person(choose), f"All staff, {choose.choice(names['departments'])}"
    if choose.random() < 0.5:
        recipient = person(choose)
    day, message = date(choose), choose.choice(names["memos"])
    right = canvas.width_px - MARGIN_PX
    canvas.text((MARGIN_PX, 34), company, 11, anchor="lm")
    canvas.text((MARGIN_PX, 62), "MEMORANDUM", 20, anchor="lm", bold=True)
    page.rule(80, MARGIN_PX, right, 1.5)
    fields = {"To": recipient, "From": sender, "Date": long_date(day)}
    y = 94.0
    for label, text in {**fields, "Subject": message["subject"]}.items():
        canvas.text((MARGIN_PX, y), f"{label}:", 11.5, bold=True)
        canvas.text((MARGIN_PX + 64, y), text, 11.5)
        y += 21
    page.rule(y + 4, MARGIN_PX, right, 1)
    hour = f"{choose.randint(8, 11)}:{choose.choice(['00', '15', '30', '45'])} a.m."
    meeting = long_date(day + timedelta(days=choose.randint(5, 40)))
    blanks = {"day": meeting, "hour": hour, "room": choose.choice(names["rooms"])}
    y += 22
    for paragraph in message["body"]:
        text = paragraph.format(**blanks)
        y = page.paragraph((MARGIN_PX, y), text, 11.5, right - MARGIN_PX) + 10
    initials = "".join(part[0] for part in sender.split())
    page.signature((right - 70, y + 26), 48)
    canvas.text((right, y + 44), initials, 11, anchor="rm")
    distribution = f"cc: {person(choose)}, {person(choose)}"
    assert text_width_px(distribution, 10) < right - MARGIN_PX, "two names fit one line"
    canvas.text((MARGIN_PX, y + 76), distribution, 10)
    page.ask("memo_to", recipient)
    page.ask("memo_from", sender, sender.upper())
    page.ask("memo_date", long_date(day))
    page.ask("memo_subject", message["subject"])
    page.ask("memo_hour", hour)
