"""Detection of a text's encoding: UTF-16, windows-1252, and guesses of East Asian encodings."""

from __future__ import annotations

import re
import unicodedata

from transforms.raw_to_bronze.text_decoder import is_windows_1252

_EAST_ASIAN = (
    "shift_jis",
    "euc_jp",
    "big5",
    "euc_kr",
    "gb18030",
)  # from the strictest to the most permissive
_MIN_EAST_ASIAN = 0.9  # of the characters beyond ASCII
_HIGH = re.compile("[\x80-\U0010ffff]++(?!\\Z)")  # not at the end of the text, where a character may be cut
_MIN_LETTERS = 0.8  # of the characters beyond ASCII
_MIN_SINGLE = 0.7  # of the runs of such characters: in multi-byte encodings runs are longer


def find_encoding(data: bytes) -> tuple[str, str] | None:
    r"""Return the encoding of a text's first bytes and the evidence; None where there is no clear one.

    >>> find_encoding(b"name\nJos\xe9\n")
    ('windows-1252', "as windows-1252 it reads 'José'")
    """
    half = data[: len(data) // 2 * 2]
    if data.count(b"\0") > len(data) // 4:
        for encoding, zeros in (("utf-16-le", half[1::2]), ("utf-16-be", half[::2])):
            if zeros.count(b"\0") > len(zeros) // 2 and "\0" not in half.decode(encoding, "replace"):
                return encoding, "every other byte is NUL"
    if not is_windows_1252(data):
        return None
    text = data.decode("windows-1252")
    runs = _HIGH.findall(text)
    high = "".join(runs)
    if not high or sum(map(str.isalpha, high)) < _MIN_LETTERS * len(high):
        return None
    if sum(len(run) == 1 for run in runs) < _MIN_SINGLE * len(runs):
        return None
    word = re.search(r"\w*[^\W\x00-\x7f]\w*", text)
    return "windows-1252", f"as windows-1252 it reads {word[0][:40] if word else high[:40]!r}"


def guess_encoding(data: bytes) -> tuple[str, str] | None:
    """Return an encoding that can decode a whole text, and the evidence, where ``find_encoding`` finds none.

    An East Asian one if nearly all characters beyond ASCII are of its scripts, else windows-1252; both are
    guesses. None: none of them can decode the bytes.
    """
    if b"\0" in data:
        return None
    for encoding in _EAST_ASIAN:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        high = [character for character in text if character > "\x7f"]
        if sum(map(_is_east_asian, high)) >= _MIN_EAST_ASIAN * len(high):
            return encoding, f"a guess: every byte fits, and it reads {''.join(high[:20])!r}"
    if is_windows_1252(data):
        high = _HIGH.findall(data.decode("windows-1252"))
        return "windows-1252", f"a guess: every byte is a character of it, {''.join(high)[:20]!r} among them"
    return None


def _is_east_asian(character: str) -> bool:
    return unicodedata.east_asian_width(character) in ("W", "F")
