"""
What a case can be found by: words, numbers, and pairs of neighbouring Chinese characters.

Pure text, the same on both databases: ``search_tokens`` is what a row stores, ``tsquery`` and ``fts5_query``
say the same question in the language of PostgreSQL and of SQLite. Pairs, because a Chinese run has no
spaces and an index over pairs finds any two neighbours (measured against trigrams in the paper on speed).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import accumulate

CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
RUN = re.compile(rf"[{CJK}]+|[^\W_{CJK}]+")
IS_CJK = re.compile(rf"[{CJK}]")
# PostgreSQL keeps at most 1,048,575 bytes of words in a tsvector; ten thousand characters are 60,000 of them.
MOST_BYTES = 1_000_000
LONGEST_WORD = 60


def _runs(text: str) -> Iterator[str]:
    """Words and Chinese runs, full-width forms folded, lower case."""
    return (match.group() for match in RUN.finditer(unicodedata.normalize("NFKC", text).lower()))


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)]


def search_tokens(*texts: str) -> str:
    """Space-separated tokens in order of appearance, each once, up to ``MOST_BYTES`` of them."""
    tokens: dict[str, None] = {}
    for text in texts:
        for run in _runs(text):
            if IS_CJK.match(run):
                # The last character stands alone too, so that one character is found by its prefix.
                tokens.update(dict.fromkeys([*_pairs(run), run[-1]]))
            else:
                tokens[run[:LONGEST_WORD]] = None
    sizes = accumulate(len(token.encode()) for token in tokens)
    return " ".join(token for token, size in zip(tokens, sizes, strict=True) if size <= MOST_BYTES)


def _terms(words: str) -> Iterable[tuple[str, bool]]:
    """(token, by its beginning?) for every part of the question."""
    for run in _runs(words[:200]):
        if not IS_CJK.match(run):
            yield run[:LONGEST_WORD], True
        elif len(run) == 1:
            yield run, True
        else:
            yield from ((pair, False) for pair in _pairs(run))


def tsquery(words: str) -> str:
    """The question as a PostgreSQL tsquery, or '' when there is nothing to look for."""
    return " & ".join(f"'{token}'{':*' if prefix else ''}" for token, prefix in _terms(words))


def fts5_query(words: str) -> str:
    """The question for SQLite's FTS5, or '' when there is nothing to look for."""
    return " AND ".join(f'"{token}"{"*" if prefix else ""}' for token, prefix in _terms(words))
