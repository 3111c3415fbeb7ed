"""The dialogue builder on MedQuAD itself."""

import json
import random
import re
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from toy_builder import read_rows

from openmed_data.api import build_dataset
from openmed_data.builders.sft_synthetic.phrasings import phrasings
from openmed_data.builders.sft_synthetic.sentences import sentences, squash
from openmed_data.manifest import read

pytestmark = [pytest.mark.shared, pytest.mark.slow]
LEFT_OUT = re.compile(r" ?\([^()]*\)|(?<=[a-z)])[.,]\d{1,2}(?:,\d{1,2})*(?=\s|$)")


@pytest.fixture(scope="module")
def medquad(shared_data: Path) -> Path:
    return shared_data / "corpus" / "medquad.parquet"


@pytest.fixture(scope="module")
def built(medquad: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_dataset("sft-synthetic", str(medquad), tmp_path_factory.mktemp("medquad") / "out").path


def test_it_is_large_varied_and_passes(built: Path) -> None:
    report = json.loads((built / "validation" / "report.json").read_text(encoding="utf-8"))
    figures = {figure["figure"]: figure["value"] for check in report["checks"] for figure in check["figures"]}
    assert report["passed"]
    assert figures["nearly_repeated_rows_per_1000"] <= 10
    rows = read_rows(built)
    assert rows.height >= 15_000
    parts = [origin.split("/") for origin in rows["origin"]]
    for name in (lambda part: part[2], lambda part: part[2].split("+")[0]):
        commonest = Counter(name(part) for part in parts if part[1] != "as-asked").most_common(1)[0][1]
        assert commonest <= 0.03 * rows.height
    assert len({part[2] for part in parts}) > 500
    assert read(built)["figures"]["diversity"]["share of rows with the commonest phrasing"] <= 0.03


def test_sentences_stand_in_their_page(built: Path, medquad: Path) -> None:
    pages: dict[str, str] = {}
    for url, answer in pl.read_parquet(medquad).select("url", "answer").iter_rows():
        pages[url] = pages.get(url, "") + "\x1f" + squash(answer) + "\x1f" + squash(LEFT_OUT.sub("", answer))
    own = {one.text for one in phrasings("note")}
    rows = read_rows(built)
    checked = strange = 0
    for row in random.Random(3).sample(rows.rows(named=True), 1_500):
        page = pages[row["source_id"].split(" ")[1]]
        answers = [one["content"] for one in row["messages"] if one["role"] == "assistant"]
        for line in "\n".join(answers).split("\n"):
            if line in own or line.startswith("Source: ") or line.endswith(("known:", "known):", "have it:")):
                continue
            for sentence in sentences(line.removeprefix("- ")):
                checked += 1
                strange += squash(sentence) not in page and squash(LEFT_OUT.sub("", sentence)) not in page
    assert checked > 8_000
    assert strange <= 0.02 * checked  # footnotes and pronunciations inside a sentence, lines over tables
