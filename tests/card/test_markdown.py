"""Text from data stays text, whatever it holds."""

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from openmed_data import markdown

PARSER = MarkdownIt("gfm-like", {"linkify": False, "html": True})

# What rows are made of, and what breaks tables: weighted towards markup.
TEXT = st.text(
    st.sampled_from("ab<>|`*_[]()~$&#;\\!\n\t 1.-+=&\"'") | st.characters(exclude_categories=("Cs",)), max_size=40
)


def _cells(row: str) -> list[Token]:
    tokens = PARSER.parse(f"| one | two |\n|---|---|\n{row}\n")
    body = next(index for index, token in enumerate(tokens) if token.type == "tbody_open")
    return [token for token in tokens[body:] if token.type == "inline"]


def _plain(text: str) -> str:
    """Return what a reader should see: one line, control characters made visible."""
    return " ".join("".join("\ufffd" if _control(sign) else sign for sign in text).split())


def _control(sign: str) -> bool:
    return (ord(sign) < 32 and sign not in "\t\n") or ord(sign) == 127


@given(TEXT)
def test_escaped_text_is_read_as_itself(text: str) -> None:
    cells = _cells(f"| {markdown.escape(text)} | end |")
    assert [child.type for child in cells[0].children or []] in ([], ["text"])
    assert "".join(child.content for child in cells[0].children or []) == _plain(text)
    assert cells[1].content == "end"


@given(TEXT)
def test_code_is_one_code_span(text: str) -> None:
    cells = _cells(f"| {markdown.code(text)} | end |")
    assert [child.type for child in cells[0].children or []] == ["code_inline"]
    assert (cells[0].children or [])[0].content.strip() == _plain(text)
    assert cells[1].content == "end"


@given(TEXT)
def test_nothing_inside_closes_a_fence(text: str) -> None:
    tokens = PARSER.parse(f"{markdown.fenced(text, 'yaml')}\n\nafter")
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]
    assert tokens[0].info == "yaml"


def test_a_cell_keeps_its_markdown() -> None:
    text = markdown.cell("one `code`\n| two")
    cells = _cells(f"| {text} | end |")
    assert [child.type for child in cells[0].children or []] == ["text", "code_inline", "text"]
    assert cells[1].content == "end"
