"""The page that promises a dataset in one file keeps its word."""

import re
from pathlib import Path
from typing import Any

from openmed_data.builder import Options
from openmed_data.pipeline.run import Request, build
from openmed_data.pipeline.work import Work
from openmed_data.sources import resolve

PAGE = Path(__file__).resolve().parents[1] / "docs" / "new-dataset.md"
STATEMENTS = """statement,verdict
Insulin lowers blood glucose.,yes
The heart has three chambers.,no
Insulin lowers blood glucose,yes
Bile is made in the spleen.,unsure
Antibodies are made by plasma cells.,no
Antibodies are made by plasma cells.,yes
,yes
"""


def test_the_dataset_of_the_page_builds(tmp_path: Path) -> None:
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    names: dict[str, Any] = {"__name__": "yes_no"}
    exec(compile(code[1], str(PAGE), "exec"), names)
    builder = names["BUILDER"]
    source = tmp_path / "statements.csv"
    source.write_text(STATEMENTS)
    work = Work(tmp_path / "out")
    with work.lock():
        manifest = build(Request(builder, resolve(str(source), upstream=builder.upstream), Options()), work)
    assert manifest.books.source_rows == 7
    assert manifest.books.rejected_source == {"no_statement": 1, "no_verdict": 1, "conflicting_key": 2}
    assert sum(manifest.books.kept_rows.values()) == 3
