"""Builds and checks on Ray: the bytes and the report of the local engine, and no row lost or doubled whatever fails.

Everything runs on a real Ray of this machine with two workers; nothing stands in for it.
"""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest
from faulty_builders import FRAGILE, Full, Killed, Poisoned
from toy_builder import Toy, run_pipeline, write_jsonl

from openmed_data import api, dataset
from openmed_data import validate as validating
from openmed_data.errors import BuildError, SourceError, UsageError
from openmed_data.kinds import Kind
from openmed_data.pipeline import ray_cluster
from openmed_data.pipeline.run import Request, build
from openmed_data.pipeline.work import Work
from openmed_data.pipeline.workers import Engine, EngineName, engine_named
from openmed_data.registry import BUILDERS, CHECKS, all_of
from openmed_data.sources import resolve
from openmed_data.text.rows import asked

ray = pytest.importorskip("ray")
# Ray Data warns of defaults of its own that it has deprecated, in its driver's threads too.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

TreeHash = Callable[[Path], dict[str, str]]
RAY = Engine(EngineName.RAY, workers=2)
WORDS = ("fever", "cough", "rash", "pain", "oedema", "jaundice", "pallor", "clubbing", "syncope", "ataxia", "tremor")
FILES = 7
BUILDERS_WITH_SAMPLE = sorted(name for name, one in all_of(BUILDERS).items() if one.sample is not None)


@pytest.fixture(scope="session", autouse=True)
def cluster() -> Iterator[None]:
    """Start Ray once; builds use the one that this process is connected to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))  # for `toy_builder` in its workers
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        yield
        ray.shutdown()


def toy_row(number: int) -> dict[str, Any]:
    return {
        "id": str(number),
        "question": " ".join(random.Random(number % 120).sample(WORDS, 5)),  # some stand there twice
        "answer": "ab"[number % 2],
        "reject": "no" if number % 7 == 0 else None,
        "copies": number % 3 + 1,
    }


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A source of several files, each a part of its own; return its pattern."""
    folder = tmp_path_factory.mktemp("toys")
    for file in range(FILES):
        write_jsonl(folder / f"{file}.jsonl", map(toy_row, range(20 * file, 20 * file + 20)))
    return str(folder / "*.jsonl")


@pytest.fixture(scope="module")
def expected(toys: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the local engine makes of the toys."""
    return run_pipeline(Toy(), toys, tmp_path_factory.mktemp("local") / "out")


def build_on_ray(builder: Any, source: str, out: Path) -> Path:
    request = Request(builder, resolve(source, upstream=builder.upstream), builder.options_model())
    work = Work(out)
    with work.lock():
        build(request, work, engine=RAY)
    return work.result


def split_up(sample: Path, folder: Path) -> str:
    """Spread a builder's sample over several files, so that there are several parts; return what to build from."""
    if sample.suffix != ".jsonl":
        return "sample"
    rows = [json.loads(line) for line in sample.read_text(encoding="utf-8").splitlines() if line.strip()]
    for file in range(3):
        write_jsonl(folder / f"{file}.jsonl", rows[file * len(rows) // 3 : (file + 1) * len(rows) // 3])
    return str(folder / "*.jsonl")


@pytest.mark.parametrize("name", BUILDERS_WITH_SAMPLE)
def test_every_builder_gives_the_bytes_and_the_report_of_the_local_engine(
    tmp_path: Path, tree_hash: TreeHash, name: str
):
    source = split_up(all_of(BUILDERS)[name].sample, tmp_path / "source")
    local, on_ray = (
        api.build_dataset(name, source, tmp_path / engine / "out", workers=2, engine=engine).path
        for engine in ("local", "ray")
    )
    assert tree_hash(on_ray) == tree_hash(local)
    assert (on_ray / "validation" / "report.json").is_file()
    assert not [path for path in tmp_path.rglob("*") if path.suffix in {".building", ".validating"}]


def test_worker_that_dies_once_costs_nothing(tmp_path: Path, toys: str, expected: Path, tree_hash: TreeHash):
    faulty = Killed(tmp_path, at="50")
    assert tree_hash(build_on_ray(faulty, toys, tmp_path / "out")) == tree_hash(expected)
    assert (tmp_path / "attempts").stat().st_size == 2


def test_worker_that_dies_leaves_standard_output_to_the_result(tmp_path: Path, toys: str):
    driver = command_line("Killed", tmp_path, toys, "--json")
    result, told = driver.communicate(timeout=100)
    assert driver.returncode == 0, told
    assert json.loads(result)["books"]["source_rows"] == 20 * FILES
    assert (tmp_path / "attempts").stat().st_size == 2


def test_row_that_kills_every_worker_is_named(tmp_path: Path, toys: str, expected: Path, tree_hash: TreeHash):
    with pytest.raises(BuildError, match=r"a worker died 4 times .* rows 1 to 20 of 2\.jsonl"):
        build_on_ray(Killed(tmp_path, at="50", times=99), toys, tmp_path / "out")
    assert tree_hash(build_on_ray(Toy(), toys, tmp_path / "out")) == tree_hash(expected)


@pytest.mark.parametrize("times", [1, 99])
def test_full_disk_is_told_and_the_rerun_is_whole(
    tmp_path: Path, toys: str, expected: Path, tree_hash: TreeHash, monkeypatch: pytest.MonkeyPatch, times: int
):
    monkeypatch.setattr(api, "find", lambda room, name: Full(tmp_path, at="50", times=times))
    with pytest.raises(BuildError, match="No space left on device") as caught:
        api.build_dataset("toy", toys, tmp_path / "out", engine="ray", validation=False)
    assert "finished parts are kept" in caught.value.hint
    assert not (tmp_path / "out").exists()
    assert tree_hash(build_on_ray(Toy(), toys, tmp_path / "out")) == tree_hash(expected)


def test_poisoned_row_is_named_and_not_quoted(tmp_path: Path, toys: str):
    with pytest.raises(BuildError) as caught:
        build_on_ray(Poisoned(tmp_path, at="50", times=99), toys, tmp_path / "out")
    assert str(caught.value) == "builder 'toy' fails with KeyError on row 11 of 2.jsonl"
    assert "in fail" in str(caught.value.__cause__)  # the worker's traceback, for --debug
    with pytest.raises(BuildError, match=r"fails with KeyError on row 11 of 2\.jsonl"):
        run_pipeline(Poisoned(tmp_path, at="50", times=99), toys, tmp_path / "local", workers=2)


def test_unreadable_rows_are_all_named(tmp_path: Path):
    for file in range(3):
        write_jsonl(tmp_path / f"{file}.jsonl", [toy_row(number) for number in range(5)])
    for file, line in ((0, 2), (2, 4)):
        lines = (tmp_path / f"{file}.jsonl").read_text().splitlines()
        lines[line] = lines[line][:-3]
        (tmp_path / f"{file}.jsonl").write_text("\n".join(lines))
    with pytest.raises(SourceError) as caught:
        build_on_ray(Toy(), str(tmp_path / "*.jsonl"), tmp_path / "out")
    assert [(problem.file, problem.row) for problem in caught.value.problems] == [("0.jsonl", 3), ("2.jsonl", 5)]


def test_no_task_writes_on_after_an_error(tmp_path: Path, toys: str):
    with pytest.raises(BuildError):
        build_on_ray(Poisoned(tmp_path, at="0", times=99), toys, tmp_path / "out")
    before = sorted(tmp_path.rglob("*"))
    time.sleep(1)
    assert sorted(tmp_path.rglob("*")) == before


def test_build_that_failed_on_ray_is_finished_by_the_local_engine(
    tmp_path: Path, toys: str, expected: Path, tree_hash: TreeHash
):
    with pytest.raises(BuildError):
        build_on_ray(Poisoned(tmp_path, at="139", times=99), toys, tmp_path / "out")
    assert len(list((tmp_path / "out.building" / "kept").glob("*.arrow"))) >= 1
    assert tree_hash(run_pipeline(Toy(), toys, tmp_path / "out")) == tree_hash(expected)


BUILD = """
import sys
from pathlib import Path
import faulty_builders
from openmed_data import registry
find = registry.find
builder = getattr(faulty_builders, sys.argv[1])(Path(sys.argv[2]), at="50")
registry.find = lambda room, name: builder if name == "toy" else find(room, name)
from openmed_data.cli import main
main(["build", "toy", "--source", sys.argv[3], "--out", sys.argv[2] + "/out", "--engine", "ray", "--workers", "2",
      "--no-validation", *sys.argv[4:]])
"""


def command_line(builder: str, folder: Path, source: str, *options: str, before: str = "") -> subprocess.Popen[str]:
    """Start `openmed-data build --engine ray` with a faulty builder in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    environment.pop("RAY_ADDRESS", None)
    command = [sys.executable, "-c", before + BUILD, builder, str(folder), source, *options]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_driver_that_is_stopped_goes_on_where_it_was(
    tmp_path: Path, toys: str, expected: Path, tree_hash: TreeHash, sent: signal.Signals
):
    out = tmp_path / "out"
    driver = command_line("Slow", tmp_path, toys)
    while not list((tmp_path / "out.building" / "kept").glob("*.arrow")):
        assert driver.poll() is None, driver.communicate()
        time.sleep(0.02)
    family = psutil.Process(driver.pid).children(recursive=True)
    workers = [one for one in family if one.name().startswith("ray::") and "Agent" not in one.name()]
    assert len(workers) >= 2
    driver.send_signal(sent)
    _, told = driver.communicate(timeout=60)
    if sent is signal.SIGINT:
        assert driver.returncode == 130
        assert "Traceback" not in told
        assert "interrupted" in told
    assert psutil.wait_procs(workers, timeout=30)[1] == []
    for agent in family:  # after a kill, Ray's own outlive it for a minute
        with contextlib.suppress(psutil.NoSuchProcess):
            agent.kill()
    kept = len(list((tmp_path / "out.building" / "kept").glob("*.arrow")))
    assert 1 <= kept < FILES
    assert not out.exists()
    assert tree_hash(build_on_ray(Toy(), toys, out)) == tree_hash(expected)


def test_cluster_that_was_there_before_is_there_after():
    assert ray.is_initialized()


def test_node_that_does_not_see_the_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ray_cluster, "_SECONDS_TO_APPEAR", 0.3)
    here = ray_cluster._versions()
    seen, unseen = tmp_path / "ray" / "node-1", tmp_path / "ray" / "node-2"
    seen.parent.mkdir()
    seen.touch()
    ray_cluster.require_replies([ray_cluster.Reply("10.0.0.1", here, seen)])
    with pytest.raises(UsageError, match=r"not shared by all nodes(.|\n)*10\.0\.0\.2"):
        ray_cluster.require_replies(
            [ray_cluster.Reply("10.0.0.1", here, seen), ray_cluster.Reply("10.0.0.2", here, unseen)]
        )
    other = tuple((name, "0.1" if name == "polars" else found) for name, found in here)
    with pytest.raises(UsageError, match=r"10\.0\.0\.3: polars 0\.1, here"):
        ray_cluster.require_replies([ray_cluster.Reply("10.0.0.3", other, seen)])


def test_engines_and_addresses_that_do_not_exist():
    with pytest.raises(UsageError, match="no engine is called 'spark'"):
        engine_named("spark", 2, None)
    with pytest.raises(UsageError, match="an address is given"):
        engine_named("local", 2, "auto")


def test_ray_that_is_not_installed_is_told(tmp_path: Path, toys: str):
    done = command_line("Slow", tmp_path, toys, before="import sys; sys.modules['ray'] = None")
    _, told = done.communicate(timeout=60)
    assert done.returncode == 2
    assert "the engine 'ray' needs Ray" in told
    assert "pip install 'openmed-data[ray]'" in told


@pytest.fixture(scope="module")
def flawed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs in several files, with something for every check to find: repeated, private, broken and leaked rows."""
    folder = tmp_path_factory.mktemp("flawed")
    built = api.build_dataset("medmcqa-prefs", "sample", folder / "built", validation=False).path
    rows = pl.concat([pl.read_parquet(path) for path in sorted((built / "data").glob("*.parquet"))])
    said = "Patient John Miller, MRN 4471129, phone (617) 555-0142, was seen on 03/04/2021. "
    private = rows.head(9).with_columns(
        pl.col("id") + "-private",
        pl.col("prompt").list.eval(
            pl.struct(pl.element().struct.field("role"), (said + pl.element().struct.field("content")).alias("content"))
        ),
    )
    broken = rows.slice(20, 5).with_columns(pl.lit(None, pl.String).alias("chosen_label"), pl.lit("").alias("source"))
    every = pl.concat([rows.head(120), private, rows.slice(5, 8), broken, rows.slice(120)])
    for number, some in enumerate(every.iter_slices(70)):
        name = "validation" if number == 2 else f"train-{number}"
        some.write_parquet(folder / "data" / f"{name}.parquet", mkdir=True)
    questions = [
        {"question": text, "answer": "A", "id": str(n)} for n, text in enumerate(asked(every, Kind.PREFERENCES)[:40])
    ]
    write_jsonl(folder / "benchmark.jsonl", questions)
    return folder


@pytest.mark.parametrize("engine", [RAY, Engine(workers=2)], ids=["ray", "processes"])
def test_all_checks_report_what_a_single_process_reports(flawed: Path, monkeypatch: pytest.MonkeyPatch, engine: Engine):
    monkeypatch.setattr(dataset, "STRETCH_ROWS", 100)
    monkeypatch.setattr(validating, "_FEWEST_STRETCHES", 2)
    settings = {"contamination": {"benchmarks": f"own={flawed / 'benchmark.jsonl'}", "cache": str(flawed / "cache")}}
    opened = dataset.open_dataset(str(flawed / "data"))
    expected = validating.validate(opened, settings=settings)
    found = validating.validate(opened, settings=settings, engine=engine)
    assert found.to_json() == expected.to_json()
    assert {one.check for one in expected.results} == {
        name for name, one in all_of(CHECKS).items() if Kind.PREFERENCES in one.kinds
    }
    missed = {check for check, _ in expected.failures}
    assert {"schema", "duplicates", "phi", "contamination"} <= missed


def test_check_that_fails_names_the_row(flawed: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(validating, "all_of", lambda room: {"fragile": FRAGILE})
    opened = dataset.open_dataset(str(flawed / "data"))
    with pytest.raises(BuildError, match=r"check 'fragile' fails with ValueError on the row '.*-private' of train"):
        validating.validate(opened, engine=RAY)
