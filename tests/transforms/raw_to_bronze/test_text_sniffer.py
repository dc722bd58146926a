from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from contracts.inventory import FileFormat
from transforms.raw_to_bronze.text_decoder import TextLayout
from transforms.raw_to_bronze.text_sniffer import LineTrimmer


class CollectingSniffer:
    """A sniffer that collects the text it is fed."""

    def __init__(self) -> None:
        self.text = ""

    def feed(self, text: str) -> None:
        self.text += text

    def finish(self) -> TextLayout:
        return TextLayout(FileFormat.DELIMITED)


def trim(text: str, skip: int, footer: int, chunk: int) -> str:
    sniffer = CollectingSniffer()
    trimmer = LineTrimmer(sniffer, skip, footer)
    for start in range(0, len(text), chunk):
        trimmer.feed(text[start : start + chunk])
    assert trimmer.finish().mismatch == ""
    return sniffer.text


@given(st.text('a"\n\r', max_size=30), st.integers(0, 4), st.integers(0, 4), st.integers(1, 31))
def test_lines_are_dropped_at_both_ends(text: str, skip: int, footer: int, chunk: int) -> None:
    line_end = "\n" if "\n" in text else "\r"
    lines = re.findall(rf"[^{line_end}]*{line_end}|[^{line_end}]+\Z", text)
    assert trim(text, skip, footer, chunk) == "".join(lines[skip : max(skip, len(lines) - footer)])


def test_a_line_feed_after_very_many_characters_of_cr_is_a_mismatch() -> None:
    trimmer = LineTrimmer(CollectingSniffer(), 1, 0)
    trimmer.feed("a\r" * (9 * 1024 * 1024))
    trimmer.feed("a\n")
    assert "a line feed comes later" in trimmer.finish().mismatch
