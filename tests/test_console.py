"""What is written: nothing that a terminal obeys, nothing secret, results and talk apart."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmed_data.console import Console, Styled, Table, visible, without_secrets


@given(st.text())
@settings(deadline=None)
def test_nothing_that_a_terminal_obeys_is_shown(text: str) -> None:
    shown = visible(text)
    assert not any((ord(c) < 32 and c not in "\t\n") or 0x7F <= ord(c) < 0xA0 for c in shown)
    assert visible(shown) == shown


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126)))
@settings(deadline=None)
def test_plain_text_is_left_alone(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("401 for hf_qWeRtYuIoPaSdFgHjKlZ", "qWeRtYuI"),
        ("Authorization: Bearer eyJhbGciOi.J9x_y", "eyJhbGciOi"),
        ("GET https://user:pa55word@host/path", "pa55word"),
        ("url?token=abcdefgh12345678", "abcdefgh"),
    ],
)
def test_secrets_are_masked(text: str, secret: str) -> None:
    assert secret not in without_secrets(text)


def test_medical_text_holds_no_secrets() -> None:
    text = "hf_ (heart failure) with EF < 40 %; bearer of the sickle-cell trait; token economy in psychiatry"
    assert without_secrets(text) == text


def test_results_and_talk_go_apart(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console()
    console.line("a result")
    console.note("a note")
    console.next_step("openmed-data list", "see what there is")
    out, err = capsys.readouterr()
    assert out == "a result\n"
    assert err == "a note\n\nnext: openmed-data list  # see what there is\n"


def test_quiet_leaves_results_and_errors(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(quiet=True)
    console.line("a result")
    console.note("a note")
    console.step("a step", 3)(1)
    console.next_step("openmed-data list", "see what there is")
    console.error("went wrong", "do better")
    assert capsys.readouterr() == ("a result\n", "error: went wrong\nhint: do better\n")


def test_markup_in_data_is_data(capsys: pytest.CaptureFixture[str]) -> None:
    Console().fields([("stem", "[bold]Which[/bold] :smile: [link=x]"), ("", Styled("two\nlines", "red"))])
    assert capsys.readouterr().out == "stem  [bold]Which[/bold] :smile: [link=x]\n      two\n      lines\n"


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)))
@settings(deadline=None)
def test_json_survives(value: object) -> None:
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()) as written:
        Console(as_json=True).json(value)
    assert json.loads(written.getvalue()) == value
    assert visible(written.getvalue()) == written.getvalue()


def test_tables_line_up(capsys: pytest.CaptureFixture[str]) -> None:
    Console().table(
        Table(("CODE", "ROWS"), [("a", "1"), (Styled("longer", "red"), "1,000")], right=frozenset({"ROWS"}))
    )
    assert capsys.readouterr().out == "CODE     ROWS\na           1\nlonger  1,000\n"


def test_a_step_says_what_else_there_is_to_say(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openmed_data.console._SECONDS_BETWEEN_LINES", 0.0)
    advance = Console().step("asking", 10)
    advance(1)
    advance(2, "42 tokens/s")
    assert capsys.readouterr().err.splitlines() == ["asking …", "asking: 1 of 10", "asking: 3 of 10, 42 tokens/s"]
