"""A file in a room is a part; one that is broken says so, and leaves the others alone."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openmed_data import builders, registry
from openmed_data.cli import app
from openmed_data.errors import UsageError
from openmed_data.registry import BUILDERS, find, names

PAGE = Path(__file__).resolve().parents[1] / "docs" / "new-dataset.md"
Offer = Callable[[str], None]


def example() -> str:
    """Return the dataset that the page on new datasets shows."""
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    return code[1]


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Offer:
    """Put a module `yes_no` into the room of builders."""
    monkeypatch.setattr(builders, "__path__", [*builders.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "openmed_data.builders.yes_no", raising=False)

    def write(code: str) -> None:
        (tmp_path / "yes_no.py").write_text(code, encoding="utf-8")

    return write


def test_a_new_file_is_a_new_dataset(offer: Offer):
    offer(example())
    assert "yes-no" in names(BUILDERS)
    assert find(BUILDERS, "yes-no").summary == "Statements with a verdict that can be checked"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("class YesNo(", "class YesNo((", "cannot be imported: SyntaxError: "),
        ("import xxhash", "import nowhere", "cannot be imported: ModuleNotFoundError: No module named 'nowhere'"),
        ("def state(", "def stat(", "cannot be imported: TypeError: Can't instantiate abstract class YesNo"),
        ("    reasons = Reason\n", "", "cannot be imported: TypeError: YesNo lacks reasons"),
        ("YesNo()", "YesNo", "is the class YesNo"),
        ('name = "yes-no"', 'name = "no-yes"', "calls itself 'no-yes'"),
    ],
)
def test_a_broken_part_is_named_and_the_others_stay(offer: Offer, old: str, new: str, message: str):
    assert old in example()
    offer(example().replace(old, new))
    with pytest.raises(UsageError) as raised:
        find(BUILDERS, "yes-no")
    assert f"the dataset 'yes-no' {message}" in str(raised.value)
    assert find(BUILDERS, "medmcqa-prefs").name == "medmcqa-prefs"
    listed = json.loads(CliRunner().invoke(app, ["list", "--json"]).stdout)["datasets"]
    assert message in listed["yes-no"]
    assert "DPO" in listed["medmcqa-prefs"]


def test_a_module_that_offers_nothing_only_serves_others(offer: Offer):
    offer("HELPER = 1\n")
    assert "yes-no" not in names(BUILDERS)
    with pytest.raises(UsageError, match="no dataset is called 'yes-no'"):
        find(BUILDERS, "yes-no")


def test_a_broken_package_is_named(monkeypatch: pytest.MonkeyPatch):
    class Point:
        name = "lines"

        def load(self) -> None:
            raise AttributeError("module 'lines' has no attribute 'BUILDER'")

    def points(_: object) -> dict[str, Point]:
        return {"lines": Point()}

    monkeypatch.setattr(registry, "_entry_points", points)
    with pytest.raises(UsageError, match="the dataset 'lines' cannot be imported: AttributeError: module 'lines'"):
        find(BUILDERS, "lines")
