"""Pages of fields and figures: invoices, receipts, forms and tables."""

from __future__ import annotations

from datakit.demo.canvas import text_width_px
from datakit.demo.pages import (
    BLUE_INK,
    RULE,
    Page,
    address,
    date,
    dollars,
    long_date,
    money_answers,
    person,
    priced,
    short_date,
)
from datakit.demo.words import Rgb, words

MARGIN_PX = 30
BAND: Rgb = (232, 236, 242)


def write_invoice(page: Page) -> None:
    """An invoice with a buyer, three to five items, tax and a total."""
    names, choose, canvas = words()["documents"], page.choose, page.canvas
    company, buyer, day = choose.choice(names["companies"]), person(choose), date(choose)
    number = f"{choose.choice('ABCDEFGH')}{choose.randint(1000, 9999)}"
    right = canvas.width_px - MARGIN_PX
    canvas.text((MARGIN_PX, 38), company, 14, anchor="lm", bold=True)
    canvas.text((MARGIN_PX, 55), ", ".join(address(choose)), 9, anchor="lm")
    canvas.text((right, 82), "INVOICE", 20, anchor="rm", bold=True)
    canvas.text((right, 106), f"Invoice No. {number}", 10.5, anchor="rm")
    canvas.text((right, 122), f"Date: {short_date(day)}", 10.5, anchor="rm")
    canvas.text((MARGIN_PX, 82), "Bill to", 9, anchor="lm")
    for rank, line in enumerate((buyer, *address(choose))):
        canvas.text((MARGIN_PX, 98 + 15 * rank), line, 10.5, anchor="lm")
    goods = priced(choose, names["items"], choose.randint(3, 5))
    rows = [(item, choose.randint(1, 12), cents) for item, cents in goods]
    y = _invoice_rows(page, rows)
    subtotal = sum(quantity * cents for _, quantity, cents in rows)
    tax = round(subtotal * choose.choice([5, 6, 7, 8]) / 100)
    sums = {"Subtotal": subtotal, "Tax": tax, "Total due": subtotal + tax}
    for label, cents in sums.items():
        bold = label == "Total due"
        canvas.text((right - 84, y), label, 10.5, anchor="rm", bold=bold)
        canvas.text((right - 4, y), dollars(cents), 10.5, anchor="rm", bold=bold)
        y += 17
    canvas.text((MARGIN_PX, canvas.height_px - 30), "Payment within 30 days, please.", 9)
    item, quantity, cents = choose.choice(rows)
    page.ask("invoice_number", number)
    page.ask("invoice_date", short_date(day), long_date(day))
    page.ask("invoice_to", buyer)
    page.ask("invoice_company", company)
    page.ask("invoice_total", *money_answers(subtotal + tax))
    page.ask("invoice_tax", *money_answers(tax))
    page.ask("invoice_quantity", str(quantity), item=item)
    page.ask("invoice_price", *money_answers(cents), item=item)


def _invoice_rows(page: Page, rows: list[tuple[str, int, int]]) -> float:
    """Writes the table of items and returns the y below it."""
    canvas, right = page.canvas, page.canvas.width_px - MARGIN_PX
    columns = (MARGIN_PX + 6, right - 142, right - 78, right - 4)
    canvas.box((MARGIN_PX, 158, right, 178), fill=BAND)
    y = 168
    table = [("Item", "Qty", "Unit price", "Amount")]
    table += [(item, str(n), dollars(cents), dollars(n * cents)) for item, n, cents in rows]
    for rank, row in enumerate(table):
        for x, cell, anchor in zip(columns, row, ("lm", "rm", "rm", "rm"), strict=True):
            canvas.text((x, y), cell, 10.5, anchor=anchor, bold=rank == 0)
        y += 21
        page.rule(y - 10, MARGIN_PX, right)
    return y + 8


def write_receipt(page: Page) -> None:
    """A till receipt with goods, total, cash and change."""
    names, choose, canvas = words()["documents"], page.choose, page.canvas
    shop, day = choose.choice(names["shops"]), date(choose)
    goods = priced(choose, names["groceries"], choose.randint(3, 6))
    middle, right = canvas.width_px / 2, canvas.width_px - MARGIN_PX
    canvas.text((middle, 34), shop.upper(), 16, anchor="mm", bold=True)
    street, city = address(choose)
    canvas.text((middle, 54), street, 10, anchor="mm")
    canvas.text((middle, 68), city, 10, anchor="mm")
    canvas.text((MARGIN_PX, 92), short_date(day), 11, anchor="lm")
    canvas.text((right, 92), f"Till {choose.randint(1, 9)}", 11, anchor="rm")
    y = 108
    page.rule(y, MARGIN_PX, right)
    total = sum(cents for _, cents in goods)
    cash = -(-total // 500) * 500
    sums = [("TOTAL", total), ("Cash", cash), ("Change", cash - total)]
    for rank, (label, cents) in enumerate([*goods, *sums]):
        if rank == len(goods):
            page.rule(y + 10, MARGIN_PX, right)
            y += 6
        bold = label == "TOTAL"
        canvas.text((MARGIN_PX, y + 16), label, 12, anchor="lm", bold=bold)
        canvas.text((right, y + 16), dollars(cents), 12, anchor="rm", bold=bold)
        y += 20
    canvas.text((middle, y + 32), "Thank you for your visit!", 11, anchor="mm")
    item, price = choose.choice(goods)
    page.ask("receipt_total", *money_answers(total))
    page.ask("receipt_shop", shop.upper(), shop)
    page.ask("receipt_cash", *money_answers(cash))
    page.ask("receipt_change", *money_answers(cash - total))
    page.ask("receipt_price", *money_answers(price), item=item)
    page.ask("receipt_date", short_date(day))


def write_form(page: Page) -> None:
    """A personnel form filled in with blue ink, and one box ticked."""
    names, choose, canvas = words()["documents"], page.choose, page.canvas
    name, start = person(choose), short_date(date(choose))
    department = choose.choice(names["departments"])
    phone = f"555-{choose.randint(1000, 9999)}"
    number = str(choose.randint(10000, 99999))
    ticked = choose.choice(names["contracts"])
    right = canvas.width_px - MARGIN_PX
    canvas.text((MARGIN_PX, 36), choose.choice(names["companies"]), 10.5, anchor="lm")
    canvas.text((MARGIN_PX, 58), "PERSONNEL RECORD", 17, anchor="lm", bold=True)
    fields = {
        "Name": name,
        "Employee No.": number,
        "Department": department,
        "Telephone": phone,
        "Starting date": start,
        "Supervisor": person(choose),
    }
    y = 80
    for label, text in fields.items():
        canvas.box((MARGIN_PX, y, right, y + 36), outline=RULE, width_px=0.5)
        canvas.text((MARGIN_PX + 6, y + 5), label, 8.5)
        canvas.text((MARGIN_PX + 12, y + 25), text, 13, anchor="lm", fill=BLUE_INK)
        y += 36
    _tick_boxes(page, y + 22, ticked)
    page.signature((MARGIN_PX + 12, canvas.height_px - 50), 84)
    page.rule(canvas.height_px - 44, MARGIN_PX, MARGIN_PX + 150)
    canvas.text((MARGIN_PX, canvas.height_px - 38), "Signature of employee", 8.5)
    page.ask("form_name", name, name.upper())
    page.ask("form_number", number)
    page.ask("form_department", department)
    page.ask("form_phone", phone)
    page.ask("form_start", start)
    page.ask("form_contract", ticked, ticked.lower())


def _tick_boxes(page: Page, y: float, ticked: str) -> None:
    canvas = page.canvas
    canvas.text((MARGIN_PX, y), "Contract", 10.5, anchor="lm", bold=True)
    x = MARGIN_PX + 64.0
    for contract in words()["documents"]["contracts"]:
        canvas.box((x, y - 6, x + 12, y + 6), outline=RULE)
        if contract == ticked:
            canvas.line([(x + 2, y), (x + 5, y + 4), (x + 13, y - 8)], BLUE_INK, 1.75)
        canvas.text((x + 17, y), contract, 10, anchor="lm")
        x += 30 + text_width_px(contract, 10)


def write_report(page: Page) -> None:
    """A page of a report with a table of figures by year."""
    names, choose, canvas = words()["documents"], page.choose, page.canvas
    report = choose.choice(names["reports"])
    first = choose.randint(1974, 2016)
    years = [str(first + offset) for offset in range(3)]
    rows = choose.sample(report["rows"], choose.randint(4, len(report["rows"])))
    cells = {row: [choose.randint(*report["range"]) for _ in years] for row in rows}
    totals = [sum(cells[row][column] for row in rows) for column in range(len(years))]
    right = canvas.width_px - MARGIN_PX
    canvas.text((MARGIN_PX, 36), choose.choice(names["companies"]), 10.5, anchor="lm")
    canvas.text((right, 36), f"Page {choose.randint(2, 60)}", 10.5, anchor="rm")
    canvas.text((MARGIN_PX, 72), report["title"], 17, anchor="lm", bold=True)
    canvas.text((MARGIN_PX, 92), f"Figures in {report['unit']}", 10.5, anchor="lm")
    columns = [right - 128.0, right - 66.0, right - 4.0]
    canvas.box((MARGIN_PX, 108, right, 132), fill=BAND)
    table = [("", years), *((row, [str(n) for n in cells[row]]) for row in rows)]
    table.append(("Total", [str(total) for total in totals]))
    y = 120
    for rank, (label, texts) in enumerate(table):
        bold = rank in (0, len(table) - 1)
        canvas.text((MARGIN_PX + 6, y), label, 12, anchor="lm", bold=bold)
        for x, text in zip(columns, texts, strict=True):
            canvas.text((x, y), text, 12, anchor="rm", bold=bold)
        y += 25
        page.rule(y - 12, MARGIN_PX, right, 1 if rank >= len(table) - 2 else 0.5)
    approval = date(choose).replace(year=first + len(years))
    note = f"Approved by {person(choose)} on {long_date(approval)}."
    page.paragraph((MARGIN_PX, y + 14), note, 10.5, right - MARGIN_PX)
    for row in choose.sample(rows, 2):
        column = choose.randrange(len(years))
        page.ask("report_cell", str(cells[row][column]), row=row, year=years[column])
    column = choose.randrange(len(years))
    page.ask("report_total", str(totals[column]), year=years[column])
    page.ask("report_title", report["title"], report["title"].lower())
    page.ask("report_unit", report["unit"])
