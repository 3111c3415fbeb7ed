"""Take markup, entities and stray white space out of text that people typed or scraped."""

import html
import re
from collections.abc import Sequence

import polars as pl

_TAGS = "a|b|br|center|div|em|font|h[1-6]|hr|i|img|li|ol|p|s|small|span|strong|sub|sup|table|tbody|td|th|tr|u|ul"
# Only tags that are tags: `<0.9` and `a<b` are comparisons. Inline ones vanish, so that CO<sub>2</sub> stays one word.
_INLINE = re.compile(r"</?(?:a|b|em|font|i|s|small|span|strong|sub|sup|u)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_BLOCK = re.compile(rf"</?(?:{_TAGS})(?:\s[^<>]*)?/?>", re.IGNORECASE)
# What is left of an apostrophe or a quote whose entity lost its name: Park&;s, Bowman&;s.
_NAMELESS = re.compile(r"&;")
# Among them the marks that turn the direction of writing, under which a line reads otherwise than it is written.
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
_DROP_INVISIBLE = str.maketrans("", "", _INVISIBLE)

_SIGNS_OF_DIRT = ["&", "<", "  ", "\t", "\n", "\r", "\x0b", "\x0c", "\u00a0", "\u2009", "\u202f", "\u3000", *_INVISIBLE]


def clean_text(text: str) -> str:
    r"""Return `text` with entities decoded, tags removed and white space made single spaces.

    Examples
    --------
    >>> clean_text("<p>Bowman&;s  capsule: CO<sub>2</sub> &lt; 0.9</p>")
    "Bowman's capsule: CO2 < 0.9"
    >>> clean_text("not \u202etuog\u202c")
    'not tuog'
    >>> clean_text("pH <7.2 and pCO2>50")
    'pH <7.2 and pCO2>50'
    """
    if "<" in text:
        text = _BLOCK.sub(" ", _INLINE.sub("", text))
    if "&" in text:
        # Twice: some sources escaped what was escaped already.
        text = html.unescape(html.unescape(_NAMELESS.sub("'", text)))
    if not text.isascii():
        text = text.translate(_DROP_INVISIBLE)
    return " ".join(text.split())


def clean_columns(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    r"""Apply `clean_text` to string columns; only texts that show signs of dirt leave polars.

    Examples
    --------
    >>> frame = pl.DataFrame({"question": ["Gas of\n\nroom air ", None]})
    >>> clean_columns(frame, ["question"])["question"].to_list()
    ['Gas of room air', None]
    """
    cleaned: list[pl.Series] = []
    for name in columns:
        texts = frame[name].str.strip_chars()
        dirty = texts.str.contains_any(_SIGNS_OF_DIRT).fill_null(value=False)
        if dirty.any():
            mended = pl.Series([clean_text(text) for text in texts.filter(dirty).to_list()], dtype=pl.String)
            texts = texts.scatter(dirty.arg_true(), mended)
        cleaned.append(texts.alias(name))
    return frame.with_columns(cleaned)
