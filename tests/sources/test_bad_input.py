"""Input that cannot be used: what the error names, its exit code, and that no half build is left."""

import gzip
import io
import json
import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Generator
from pathlib import Path

import polars as pl
import pytest
import zstandard

from openmed_data.api import build_dataset
from openmed_data.errors import OpenMedError, SourceError, UsageError

QUESTION = {"question": "Which vitamin prevents scurvy?", "opa": "A", "opb": "B", "opc": "C", "opd": "D", "cop": 3}


def questions(count: int = 6, **changes: object) -> list[dict[str, object]]:
    return [{**QUESTION, "id": str(index), "cop": index % 4 + 1, **changes} for index in range(count)]


def jsonl(rows: list[dict[str, object]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def parquet() -> bytes:
    out = io.BytesIO()
    pl.DataFrame(questions()).write_parquet(out)
    return out.getvalue()


def failure(folder: Path, source: Path | str, **options: object) -> OpenMedError:
    """Build, expect an error of ours, and check that nothing new stands in the folder."""
    before = sorted(folder.rglob("*"))
    with pytest.raises(OpenMedError) as caught:
        build_dataset("medmcqa-prefs", str(source), folder / "out", validation=False, options=options)
    assert sorted(folder.rglob("*")) == before
    assert caught.value.hint
    assert str(folder) not in str(caught.value) or isinstance(caught.value, UsageError)
    return caught.value


GOOD = jsonl(questions())
LATIN = jsonl(questions(question="Ménière")).decode().encode("latin-1")
FLIPPED = bytearray(zstandard.compress(GOOD * 300))
FLIPPED[len(FLIPPED) // 2] ^= 0xFF

DAMAGED: dict[str, tuple[str, bytes, list[str]]] = {
    "cut line": (
        "a.jsonl",
        GOOD[:-30],
        ["a.jsonl, row 6", "found broken JSON", "expected one JSON object on the line"],
    ),
    "cut array": (
        "a.json",
        b"[" + GOOD.replace(b"\n", b",")[:-40],
        ["a.json", "broken JSON", "complete JSON document"],
    ),
    "cut after a record": ("a.json", b'[{"question": "a"}', ["a.json, row 2: found broken JSON (expecting ',')"]),
    "more than an array": ("a.json", b"[{}] []", ["a.json, row 2: found broken JSON (expecting its end)"]),
    "no colon": ("a.json", b'{\n"1" {}}', ["a.json, row 1: found broken JSON (expecting ':')"]),
    "broken after blank lines": ("a.jsonl", b"\n" + GOOD + b"\n \n{,}\n", ["row 7: found broken JSON"]),
    "broken lines": ("a.jsonl", GOOD + b"{,}\n[3]\n", ["row 7", "row 8: found a JSON list", "expected a JSON object"]),
    "no number": ("a.jsonl", GOOD + b'{"question": NaN}\n', ["row 7", "NaN", "expected one JSON object"]),
    "half a pair": ("a.jsonl", GOOD + b'{"question": "\\ud800"}\n', ["row 7", "half of a surrogate pair"]),
    "scalar": ("a.json", b"3", ["a.json: found a JSON int", "expected an array or an object of objects"]),
    "array of scalars": ("a.json", b"[{}, 3]", ["a.json, row 2: found a JSON int", "expected a JSON object"]),
    "too deep": ("a.json", b"[" * 200_000, ["a.json, row 1: found values nested too deeply"]),
    "latin-1 lines": ("a.jsonl", LATIN, ["a.jsonl, row 1", "byte 0xe9 that is not UTF-8", "expected UTF-8 text"]),
    "latin-1 array": ("a.json", b"[" + LATIN.splitlines()[0] + b"]", ["byte 0xe9 that is not UTF-8", "at byte "]),
    "latin-1 csv": ("a.csv", b"question,cop\nM\xe9ni\xe8re,1\n", ["a.csv: found byte 0xe9 that is not UTF-8"]),
    "utf-16 lines": ("a.jsonl", GOOD.decode().encode("utf-16"), ["a.jsonl: found bytes ff fe", "expected UTF-8 text"]),
    "utf-16 array": ("a.json", b"\xff\xfe[\0]\0", ["a.json: found bytes ff fe", "expected UTF-8 text"]),
    "utf-16 no mark": ("a.csv", "a,b".encode("utf-16-be"), ["a.csv: found bytes 00 61", "expected UTF-8 text"]),
    "empty": ("a.jsonl", b"", ["'a.jsonl' holds no rows", "found an empty file; expected at least one row"]),
    "blank": ("a.json", b" \n\n", ["'a.json' holds no rows", "expected at least one row"]),
    "empty array": ("a.json", b"[]", ["'a.json' holds no rows"]),
    "header only": ("a.csv", b"question,cop\n", ["'a.csv' holds no rows"]),
    "no bytes": ("a.parquet", b"", ["a.parquet: found", "expected a complete Parquet file"]),
    "cut parquet": ("a.parquet", parquet()[:-20], ["a.parquet: found", "expected a complete Parquet file"]),
    "cut gzip": ("a.jsonl.gz", gzip.compress(GOOD * 300)[:-20], ["a.jsonl.gz: found Truncated", "complete gzip file"]),
    "gzip cut at its end": ("a.jsonl.gz", gzip.compress(GOOD)[:-4], ["Truncated", "expected a complete gzip file"]),
    "gzip checksum": (
        "a.csv.gz",
        gzip.compress(b"question,cop\n1,2")[:-8] + b"\1" * 8,
        ["expected a complete gzip file"],
    ),
    "no gzip": ("a.jsonl.gz", GOOD, ["a.jsonl.gz: found", "expected a complete gzip file"]),
    "cut zstd": ("a.jsonl.zst", zstandard.compress(GOOD)[:-1], ["Truncated", "expected a complete zstd file"]),
    "damaged zstd": ("a.jsonl.zst", bytes(FLIPPED), ["a.jsonl.zst: found", "expected a complete zstd file"]),
    "short csv row": ("a.csv", b"question,cop\nq,1\nq", ["a.csv, row 2: found 1 fields; expected 2 fields"]),
    "long csv row": ("a.csv", b"question,cop\nq,1\nq,1,9\n", ["a.csv, row 2: found 3 fields; expected 2 fields"]),
    "open quote": ("a.csv", b'question,cop\nq,1\n"q,1\n', ["a.csv, row 2: found broken CSV"]),
    "wrong columns": (
        "a.jsonl",
        jsonl([{"question": "q", "cop": 1, "options": []}]),
        ["'a.jsonl' lacks 4", "field 'opa': found the columns question, cop, options; expected a column 'opa'", "opd"],
    ),
    "wrong csv columns": ("a.csv", b"stem,key\nq,1\n", ["field 'question': found the columns stem, key"]),
    "cop out of range": (
        "a.jsonl",
        jsonl([*questions(), *questions(1, cop=7), *questions(1, cop="B")]),
        ["a.jsonl, row 7, field 'cop': found '7'", "row 8, field 'cop': found 'b'", "expected 0 to 3, 1 to 4, or -1"],
    ),
    "mixed bases": (
        "a.jsonl",
        jsonl([*questions(), *questions(1, cop=0)]),
        ["a.jsonl, field 'cop'", "two index bases mixed", "0, 1, 2, 3, 4", "expected 0 to 3, or 1 to 4"],
    ),
    "neither base": (
        "a.jsonl",
        jsonl(questions(3)),
        ["a.jsonl, field 'cop'", "1, 2, 3: they fit both bases", "expected a 0 or a 4 among them"],
    ),
    "shifted base": (
        "a.jsonl",
        jsonl([{**row, "cop": index % 4 - 1} for index, row in enumerate(questions(80))]),
        ["a.jsonl, field 'cop': found `cop` values 0, 1, 2 in 60 rows", "expected four positions in so many"],
    ),
    "shifted key": (
        "a.jsonl",
        jsonl([{**row, "exp": f"Ans. {'BCDA'[index % 4]}"} for index, row in enumerate(questions())]),
        [
            "the answer key contradicts the explanations",
            "a.jsonl, field 'cop': found another answer than the explanation's in 6 of 6 rows that state one",
        ],
    ),
}


@pytest.mark.parametrize("fault", DAMAGED)
def test_a_bad_file_is_named_with_what_was_found_and_expected(tmp_path: Path, fault: str):
    name, content, said = DAMAGED[fault]
    (tmp_path / name).write_bytes(content)
    error = failure(tmp_path, tmp_path / name)
    assert isinstance(error, SourceError)
    assert error.exit_code == 2
    for part in said:
        assert part in str(error)


def test_the_same_file_without_a_fault_builds(tmp_path: Path):
    pytest.importorskip("openmed_data.card")
    (tmp_path / "a.jsonl").write_bytes(
        jsonl([{**row, "question": f"Vitamin of disease {row['id']}"} for row in questions()])
    )
    assert build_dataset("medmcqa-prefs", str(tmp_path / "a.jsonl"), tmp_path / "out", validation=False).path.is_dir()


def test_a_stated_base_must_fit_the_data(tmp_path: Path):
    (tmp_path / "a.jsonl").write_bytes(GOOD)
    error = failure(tmp_path, tmp_path / "a.jsonl", index_base="0")
    assert "expected 0, 1, 2 and 3 only, since index_base=0 was stated" in str(error)


def test_all_problems_of_all_parts_are_reported_together(tmp_path: Path):
    (tmp_path / "a.jsonl").write_bytes(b"{\n" + GOOD + b"[]\n")
    (tmp_path / "b.jsonl").write_bytes(GOOD + b"3\n")
    error = failure(tmp_path, tmp_path / "*.jsonl")
    assert isinstance(error, SourceError)
    assert [(problem.file, problem.row) for problem in error.problems] == [
        ("a.jsonl", 1),
        ("a.jsonl", 8),
        ("b.jsonl", 7),
    ]


def test_long_lists_of_problems_are_cut_with_their_number(tmp_path: Path):
    (tmp_path / "a.jsonl").write_bytes(GOOD + b"3\n" * 50)
    error = failure(tmp_path, tmp_path / "a.jsonl")
    assert "has 50 row(s)" in str(error)
    assert "… and 30 more" in str(error)


def test_a_mended_file_builds_at_once(tmp_path: Path):
    pytest.importorskip("openmed_data.card")
    source = tmp_path / "a.jsonl"
    source.write_bytes(GOOD[:-30])
    failure(tmp_path, source)
    source.write_bytes(jsonl([{**row, "question": f"Vitamin of disease {row['id']}"} for row in questions()]))
    assert build_dataset("medmcqa-prefs", str(source), tmp_path / "out", validation=False).path.is_dir()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("folder", "is a directory, and a source is a file"),
        ("absent.jsonl", "does not exist"),
        ("*.nothing", "no file matches"),
        ("notes.txt", "is no kind of file that can be read"),
        ("rows.jsonl.bz2", "is no kind of file that can be read"),
        ("archive.gz", "is no kind of file that can be read"),
    ],
)
def test_a_path_that_is_no_source_is_a_usage_error(tmp_path: Path, source: str, said: str):
    (tmp_path / "folder").mkdir()
    for name in ("notes.txt", "rows.jsonl.bz2", "archive.gz"):
        (tmp_path / name).write_bytes(GOOD)
    error = failure(tmp_path, tmp_path / source)
    assert isinstance(error, UsageError)
    assert error.exit_code == 2
    assert said in str(error)


@pytest.mark.parametrize(
    ("source", "said"), [("hub:nowhere", "names no Hub dataset"), ("hub:a/b/c@main", "names no Hub dataset")]
)
def test_a_name_that_is_no_repository_is_a_usage_error(tmp_path: Path, source: str, said: str):
    assert said in str(failure(tmp_path, source))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"negatives": "two"}, "negatives: Input should be 'one', 'all' or 'hard' (found 'two')"),
        ({"sed": 3}, "sed: Extra inputs are not permitted (found 3)"),
        ({"seed": -1, "shuffle": "perhaps"}, "shuffle"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(tmp_path: Path, options: dict[str, object], said: str):
    error = failure(tmp_path, "sample", **options)
    assert isinstance(error, UsageError)
    assert said in str(error)


BUILD = """
    import sys
    from pathlib import Path
    from openmed_data.api import build_dataset
    from openmed_data.errors import OpenMedError
    # setup
    try:
        build_dataset("medmcqa-prefs", sys.argv[1], Path(sys.argv[2]), validation=False)
    except OpenMedError as error:
        print(type(error).__name__, error, error.hint, sep="|")
        sys.exit(error.exit_code)
"""


def child(source: str, out: Path, setup: str = "", **options: object) -> subprocess.CompletedProcess[str]:
    """Build in another process, which tells the kind of error, its message and its hint."""
    command = [sys.executable, "-c", textwrap.dedent(BUILD).replace("# setup", setup), source, str(out)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)


# Root reads and writes everything, so the child gives its rights up once all it needs is imported.
DROP_RIGHTS = """
import os, openmed_data.registry as registry, openmed_data.builders.medmcqa_prefs
registry.all_of(registry.CHECKS)
if os.geteuid() == 0: os.setgroups([]), os.setgid(65534), os.setuid(65534)
"""


@pytest.fixture
def open_path() -> Generator[Path]:
    """Return a folder that every user may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize("pattern", ["a.jsonl", "*.jsonl"])
def test_a_file_without_permission_is_a_usage_error(open_path: Path, pattern: str):
    (open_path / "a.jsonl").write_bytes(GOOD)
    (open_path / "a.jsonl").chmod(0o000)
    result = child(str(open_path / pattern), open_path / "out", setup=DROP_RIGHTS)
    assert (result.returncode, result.stderr) == (2, "")
    assert result.stdout.startswith("UsageError|")
    assert "may not be read by this user|Try: chmod u+r" in result.stdout


def test_a_file_in_a_closed_folder_is_a_usage_error(open_path: Path):
    (open_path / "closed").mkdir(mode=0o700)
    result = child(str(open_path / "closed" / "a.jsonl"), open_path / "out", setup=DROP_RIGHTS)
    assert (result.returncode, result.stderr) == (2, "")
    assert "may not be read by this user" in result.stdout


def test_a_pipe_is_no_source(tmp_path: Path):
    os.mkfifo(tmp_path / "a.jsonl")
    assert "is no ordinary file" in str(failure(tmp_path, tmp_path / "a.jsonl"))


def test_a_folder_without_permission_is_a_build_error(open_path: Path):
    closed = open_path / "closed"
    closed.mkdir(mode=0o555)
    result = child("sample", closed / "out", setup=DROP_RIGHTS)
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout.startswith("BuildError|")
    assert "Permission denied" in result.stdout
    assert list(closed.iterdir()) == []


@pytest.mark.parametrize("most_bytes", [1_000, 150_000])
def test_a_full_disk_is_a_build_error_and_a_rerun_finishes(tmp_path: Path, most_bytes: int):
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({most_bytes}, {most_bytes}))"
    result = child("sample", tmp_path / "out", setup=limit)
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout.startswith("BuildError|")
    assert "File too large" in result.stdout
    assert "run the same command again" in result.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["out.building"]
    assert not (tmp_path / "out.building" / "manifest.json").exists()
    pytest.importorskip("openmed_data.card")
    again = child("sample", tmp_path / "out")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_hub_source_without_a_network_fails_at_once_and_names_source(tmp_path: Path):
    closed_port = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path / "cache")}
    for environment in (closed_port, {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "cache")}):
        result = child("hub:openlifescienceai/medmcqa", tmp_path / "out", env={**os.environ, **environment})
        assert (result.returncode, result.stderr) == (2, "")
        assert result.stdout.startswith("SourceError|hub:openlifescienceai/medmcqa cannot be reached")
        assert "Give --source PATH" in result.stdout
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out.building").exists()
