"""
Cells that a spreadsheet would run as a formula, and the apostrophe that keeps them text.

In CSV nothing but its first characters tells a formula from a text. Writing puts an apostrophe before a text
that a spreadsheet might run; reading takes exactly that apostrophe off again. A text which itself begins with
apostrophes and such a character gets one more, so the two are inverse for every text. XLSX needs none of
this: there a cell carries its type.
"""

from __future__ import annotations

import re

# Spreadsheets skip white space, fold full-width forms, and run + - @ as well (OWASP, CSV injection).
_RISKY = r"(?:[\t\r\n\0]|[\s\0\ufeff]*[=+\-@＝＋－＠])"
_NEEDS_ESCAPE = re.compile(rf"'*{_RISKY}")
_IS_ESCAPED = re.compile(rf"''*{_RISKY}")
_IS_FORMULA = re.compile(r"[\s\0\ufeff]*[=＝]")


def escape_formula(text: str) -> str:
    return f"'{text}" if _NEEDS_ESCAPE.match(text) else text


def unescape_formula(text: str) -> str:
    return text[1:] if _IS_ESCAPED.match(text) else text


def could_be_formula(text: str) -> bool:
    """Would the text be run, or be taken for a number or a name, were it not marked as text?"""
    return _NEEDS_ESCAPE.match(text) is not None


def is_formula(text: str) -> bool:
    """Does a cell of a CSV file hold a formula? Texts that begin with + - @ are taken as texts."""
    return _IS_FORMULA.match(text) is not None
