"""A template renders phrasings and nothing else: it cannot run code, hang or fill the memory."""

from __future__ import annotations

import pytest

from datakit.instructize.sandbox import MAX_OUTPUT_CHARS, Phrasing, TemplateFault

FIELDS = frozenset({"question", "answer", "answers"})
RECORD = {"question": "How many?", "answer": "3", "answers": ["3", "three"]}


def render(source: str, **fields: object) -> str:
    return Phrasing(source, FIELDS).render({**RECORD, **fields})


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ question }}", "How many?"),
        ("{{ answer | upper }}!", "3!"),
        ("{{ 'see above' | sentence }}", "See above."),
        ("{% if answer %}yes{% else %}no{% endif %}", "yes"),
        ("{% for a in answers %}{{ a }}{{ ', ' if not loop.last }}{% endfor %}", "3, three"),
        ("{{ answers | join(' or ') }}", "3 or three"),
        ("{{ answers[0] }}{{ answers | last }}", "3three"),
        ("{% if answer == '3' and not question %}a{% endif %}", ""),
    ],
)
def test_what_a_phrasing_needs_works(source: str, text: str) -> None:
    assert render(source) == text


@pytest.mark.parametrize(
    "source",
    [
        "{{ question.__class__ }}",
        "{{ question['__class__'] }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ question.upper() }}",
        "{{ 'a' * 300000000 }}",
        "{{ 'a' ~ 'b' }}",
        "{{ 1 + 1 }}",
        "{{ -1 }}",
        "{{ range(10) }}",
        "{% for i in range(1000000000) %}x{% endfor %}",
        "{% for a in answers %}{% for b in answers %}x{% endfor %}{% endfor %}",
        "{% macro m() %}{% endmacro %}",
        "{% import 'os' as os %}",
        "{% include '/etc/passwd' %}",
        "{% set x = 1 %}",
        "{% call f() %}{% endcall %}",
        "{{ question | attr('__class__') }}",
        "{{ question | center(1000000000) }}",
        "{{ lipsum }}",
        "{{ cycler }}",
        "{{ self }}",
        "{{ question is defined }}",
        "{% for _x in answers %}{% endfor %}",
        "{% for x, y in answers %}{{ x }}{% endfor %}",
        "{{ question[1:2] }}",
        "{% if",
        "{{ undefined_field }}",
    ],
)
def test_what_it_does_not_need_is_refused_before_anything_runs(source: str) -> None:
    with pytest.raises(TemplateFault):
        Phrasing(source, FIELDS)


def test_methods_of_values_are_not_reached() -> None:
    with pytest.raises(TemplateFault, match="undefined|no element|has no"):
        render("{{ question.format }}")


def test_a_fault_names_what_there_is() -> None:
    with pytest.raises(TemplateFault, match="no field 'query'; the record has answer, answers"):
        Phrasing("{{ query }}", FIELDS)
    with pytest.raises(TemplateFault, match="no filter 'shout'; known: capitalize"):
        Phrasing("{{ question | shout }}", FIELDS)


def test_output_is_bounded() -> None:
    with pytest.raises(TemplateFault, match="of output"):
        render("{% for a in answers %}{{ a }}{% endfor %}", answers=["x" * MAX_OUTPUT_CHARS, "y"])


def test_a_field_that_is_not_text_fails_in_words() -> None:
    with pytest.raises(TemplateFault, match="rendering failed"):
        render("{{ answer | upper }}", answer=3)
