"""How a customer is addressed: the first name, and nothing that tells a stranger who it is."""

from __future__ import annotations

import re

# Surnames of two characters; all others have one.
COMPOUND = re.compile(
    "欧阳|司马|上官|诸葛|司徒|东方|独孤|南宫|夏侯|尉迟|皇甫|慕容|令狐|公孙|长孙|宇文|司空|轩辕|端木|百里|呼延|"
    "东郭|南门|澹台|公冶|宗政|濮阳|淳于|单于|太叔|申屠|仲孙|钟离|鲜于|闾丘|亓官|赫连|拓跋|夹谷|谷梁|左丘|西门"
)
HAN = re.compile(r"[\u3400-\u9fff]+")
HAN_WITH_DOT = re.compile(r"([\u3400-\u9fff]{2,})[·•・][\u3400-\u9fff·•・]+")
LETTERS = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
TITLES = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "madam"})
LONGEST_CHINESE_NAME = 4


def first_name(name: str) -> str:
    """
    The first name in this name, '' where none can be told.

    Chinese: what follows the surname, from two characters on – a single one is no way to address anybody –
    and of names with a dot the part before it. Others: the first word that is no title, of "Smith, Anna" the
    one after the comma. Companies, numbers and addresses in the field of the name give none.
    """
    text = name.strip()
    if with_dot := HAN_WITH_DOT.fullmatch(text):
        return with_dot[1]
    return _chinese(text) if HAN.fullmatch(text) else _other(text)


def _chinese(text: str) -> str:
    surname = 2 if COMPOUND.match(text) and len(text) > 2 else 1
    given = text[surname:]
    return given if len(given) == 2 and len(text) <= LONGEST_CHINESE_NAME else ""


def _other(text: str) -> str:
    given = text.split(",", 1)[1] if "," in text else text
    words = [word for word in given.split() if word.rstrip(".").lower() not in TITLES]
    return words[0] if words and all(LETTERS.fullmatch(word.rstrip(".")) for word in words) else ""
