"""A build is whole or absent: killed between any two changes of the disk it leaves nothing that looks finished."""

import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from toy_builder import ThreadedToy, read_manifest, run_pipeline, write_jsonl

from openmed_data import api, card
from openmed_data.errors import UsageError
from openmed_data.pipeline.work import Work
from openmed_data.progress import Silent

TreeHash = Callable[[Path], dict[str, str]]

WORDS = ("fever", "cough", "rash", "pain", "oedema", "jaundice", "pallor", "clubbing", "syncope", "ataxia", "tremor")


def toy_rows(count: int) -> list[dict[str, Any]]:
    return [
        {
            "id": str(index),
            "question": " ".join(random.Random(index).sample(WORDS, 5)),
            "answer": "ab"[index % 2],
            "reject": "no" if index % 7 == 0 else None,
            "copies": index % 3 + 1,
        }
        for index in range(count)
    ]


class KilledError(BaseException):
    """The process is gone: no handler of the code under test may run on."""


@contextmanager
def killed_after(changes: int) -> Generator[Iterator[int]]:
    """Let so many changes of the disk happen; every later one fails, as none is made by a dead process."""
    made = itertools.count()

    def guarded(change: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if next(made) >= changes:
                raise KilledError
            return change(*args, **kwargs)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ("replace", "rename", "unlink", "rmdir", "mkdir"):
            patch.setattr(os, name, guarded(getattr(os, name)))
        yield made


@pytest.fixture
def build_toy(monkeypatch: pytest.MonkeyPatch, layout: Callable[..., None]) -> Callable[..., api.Built]:
    """Return the function that builds the toy with the public function, in parts and shards of a few rows."""
    layout(part=10, shard=20)
    monkeypatch.setattr(card, "render", lambda build: "# A card, as it takes half of the time")
    monkeypatch.setattr(api, "find", lambda room, name: ThreadedToy())

    def build(source: Path, out: Path, **options: Any) -> api.Built:
        return api.build_dataset("toy", str(source), out, workers=1, validation=False, **options)

    return build


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("first", [0, *(pytest.param(first, marks=pytest.mark.slow) for first in range(1, 5))])
def test_a_kill_between_any_two_changes_of_the_disk(
    tmp_path: Path, build_toy: Callable[..., api.Built], tree_hash: TreeHash, first: int, *, overwrite: bool
):
    source = write_jsonl(tmp_path / "toy.jsonl", toy_rows(20))
    expected = tree_hash(build_toy(source, tmp_path / "reference").path)
    old = build_toy(write_jsonl(tmp_path / "old.jsonl", toy_rows(3)), tmp_path / "old").path
    for changes in itertools.count(first, 5):
        out = tmp_path / f"out{changes}"
        if overwrite:
            shutil.copytree(old, out)
        try:
            with killed_after(changes):
                build_toy(source, out, overwrite=overwrite)
        except KilledError:
            assert not out.exists() or tree_hash(out) in (tree_hash(old), expected)
            assert not (Work(out).root / "manifest.json").exists()
            build_toy(source, out, overwrite=overwrite)
            assert tree_hash(out) == expected
        else:
            break
    assert changes > 60


def test_a_finished_build_that_was_not_tidied_up_is_no_start_for_another(
    tmp_path: Path, build_toy: Callable[..., api.Built], tree_hash: TreeHash
):
    source = write_jsonl(tmp_path / "toy.jsonl", toy_rows(20))
    expected = tree_hash(build_toy(source, tmp_path / "reference").path)
    with killed_after(sys.maxsize) as made:
        build_toy(source, tmp_path / "counted")
    total = next(made)
    for changes in range(total - 1, total - 26, -6):  # the last changes remove the working folder
        out = tmp_path / f"out{changes}"
        with pytest.raises(KilledError), killed_after(changes):
            build_toy(source, out)
        out.rename(tmp_path / f"lost{changes}")
        assert tree_hash(build_toy(source, out).path) == expected


def test_a_source_that_changed_since_a_kill_is_noticed(tmp_path: Path, build_toy: Callable[..., api.Built]):
    source = write_jsonl(tmp_path / "toy.jsonl", toy_rows(40))
    with pytest.raises(KilledError), killed_after(40):
        build_toy(source, tmp_path / "out")
    assert (tmp_path / "out.building" / "stage.json").exists()
    write_jsonl(source, toy_rows(41))
    with pytest.raises(UsageError, match="the source changed since this build was interrupted") as caught:
        build_toy(source, tmp_path / "out")
    assert "out.building' and build again" in caught.value.hint


def test_a_source_that_shrank_while_it_was_read_leaves_no_row_behind(
    tmp_path: Path, build_toy: Callable[..., api.Built], tree_hash: TreeHash
):
    source = write_jsonl(tmp_path / "toy.jsonl", toy_rows(100))
    with pytest.raises(KilledError), killed_after(25):
        build_toy(source, tmp_path / "out")
    assert len(list((tmp_path / "out.building" / "stage").glob("*.arrow"))) > 2
    assert not (tmp_path / "out.building" / "stage.json").exists()
    write_jsonl(source, toy_rows(20))
    built = tree_hash(build_toy(source, tmp_path / "out").path)
    assert built == tree_hash(build_toy(source, tmp_path / "reference").path)


@pytest.mark.parametrize("changed", [{"options": {"seed": 7}}, {"limit": 30}])
@pytest.mark.parametrize("changes", [25, 60])
def test_a_changed_option_after_a_kill_starts_afresh(
    tmp_path: Path, build_toy: Callable[..., api.Built], tree_hash: TreeHash, changed: dict[str, Any], changes: int
):
    source = write_jsonl(tmp_path / "toy.jsonl", toy_rows(40))
    expected = tree_hash(build_toy(source, tmp_path / "reference", **changed).path)
    with pytest.raises(KilledError), killed_after(changes):
        build_toy(source, tmp_path / "out")
    for more in range(0, 12, 2):  # and once more while the old parts are removed
        with pytest.raises(KilledError), killed_after(more):
            build_toy(source, tmp_path / "out", **changed)
    assert tree_hash(build_toy(source, tmp_path / "out", **changed).path) == expected


@pytest.mark.parametrize("cleared", range(2, 26, 4))
def test_a_folder_that_was_cleared_halfway_is_no_start_for_its_old_options(
    tmp_path: Path, build_toy: Callable[..., api.Built], tree_hash: TreeHash, cleared: int
):
    source = write_jsonl(tmp_path / "toy.jsonl", toy_rows(40))
    expected = tree_hash(build_toy(source, tmp_path / "reference").path)
    for changes, options in ((60, {}), (cleared, {"seed": 7})):
        with pytest.raises(KilledError), killed_after(changes):
            build_toy(source, tmp_path / "out", options=options)
    assert tree_hash(build_toy(source, tmp_path / "out").path) == expected


def test_parts_of_another_version_of_polars_are_made_again(
    tmp_path: Path, build_toy: Callable[..., api.Built], monkeypatch: pytest.MonkeyPatch
):
    """Its hashes, which group equal questions, hold within one version only."""
    from openmed_data.pipeline import run

    class Heard(Silent):
        def note(self, text: str) -> None:
            notes.append(text)

    notes: list[str] = []
    source = write_jsonl(tmp_path / "toy.jsonl", toy_rows(40))
    for version in ("0.1", "0.2"):
        monkeypatch.setattr(run, "made_with", lambda: {"polars": "0.1"})
        with pytest.raises(KilledError), killed_after(60):
            build_toy(source, tmp_path / version)
        monkeypatch.setattr(run, "made_with", lambda version=version: {"polars": version})
        build_toy(source, tmp_path / version, progress=Heard())
    assert notes == ["resuming an interrupted build: finished parts are kept"]


def test_finished_parts_are_not_made_again(tmp_path: Path, layout: Callable[..., None]):
    made: list[int] = []

    class Stopping(ThreadedToy):
        def rows(self, batch: Any, state: int, options: Any) -> Any:
            made.append(batch["_row"][0])
            if len(made) == 3:
                raise KilledError
            return super().rows(batch, state, options)

    layout(part=10)
    source = write_jsonl(tmp_path / "toy.jsonl", toy_rows(40))
    with pytest.raises(KilledError):
        run_pipeline(Stopping(), source, tmp_path / "out")
    run_pipeline(Stopping(), source, tmp_path / "out")
    assert made[:3] == [0, 10, 20]
    assert {20} <= set(made[3:]) <= {20, 30}


def test_a_second_builder_of_the_same_place_is_refused(tmp_path: Path, build_toy: Callable[..., api.Built]):
    source = write_jsonl(tmp_path / "toy.jsonl", toy_rows(10))
    with Work(tmp_path / "out").lock(), pytest.raises(UsageError, match="another build is writing to"):
        build_toy(source, tmp_path / "out")
    assert build_toy(source, tmp_path / "out").path.is_dir()


class Unusable(ThreadedToy):
    """Says only when it has seen the source that an option cannot be used with it."""

    def state(self, evidence: Any, options: Any) -> int:
        raise UsageError("the option does not fit the source")


def no_engine(*_: Any, **__: Any) -> None:
    raise UsageError("the engine is not installed")


def test_a_late_usage_error_leaves_no_folder(
    tmp_path: Path, build_toy: Callable[..., api.Built], monkeypatch: pytest.MonkeyPatch
):
    source = write_jsonl(tmp_path / "toy.jsonl", toy_rows(40))
    with pytest.raises(KilledError), killed_after(60):
        build_toy(source, tmp_path / "other")
    monkeypatch.setattr(api, "find", lambda room, name: Unusable())
    for out, options in (("out", {}), ("other", {"seed": 7})):  # one begins, one takes an interrupted build's place
        with pytest.raises(UsageError, match="does not fit"):
            build_toy(source, tmp_path / out, options=options)
    monkeypatch.setattr(api, "build", no_engine)
    with pytest.raises(UsageError, match="not installed"):
        build_toy(source, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["toy.jsonl"]


def test_a_late_usage_error_keeps_what_an_earlier_run_of_the_same_build_finished(
    tmp_path: Path, build_toy: Callable[..., api.Built], monkeypatch: pytest.MonkeyPatch
):
    source = write_jsonl(tmp_path / "toy.jsonl", toy_rows(40))
    with pytest.raises(KilledError), killed_after(60):
        build_toy(source, tmp_path / "out")
    monkeypatch.setattr(api, "find", lambda room, name: Unusable())
    with pytest.raises(UsageError):
        build_toy(source, tmp_path / "out")
    assert list((tmp_path / "out.building" / "stage").iterdir())


def test_a_usage_error_of_a_check_keeps_the_finished_parts(
    tmp_path: Path, build_toy: Callable[..., api.Built], monkeypatch: pytest.MonkeyPatch
):
    source = write_jsonl(tmp_path / "toy.jsonl", toy_rows(40))
    with monkeypatch.context() as patch:
        patch.setattr(api, "_finish", no_engine)
        with pytest.raises(UsageError, match="not installed"):
            build_toy(source, tmp_path / "out")
    assert list((tmp_path / "out.building" / "stage").iterdir())
    assert build_toy(source, tmp_path / "out").path.is_dir()


def test_an_identical_build_is_reused_and_another_refused(
    tmp_path: Path, build_toy: Callable[..., api.Built], tree_hash: TreeHash
):
    source = write_jsonl(tmp_path / "toy.jsonl", toy_rows(10))
    out = build_toy(source, tmp_path / "out").path
    before = tree_hash(out)
    assert build_toy(source, out).reused
    for changed in ({"options": {"seed": 7}}, {"limit": 3}):
        with pytest.raises(UsageError, match="holds another build") as caught:
            build_toy(source, out, **changed)
        assert "--overwrite" in caught.value.hint
    write_jsonl(source, toy_rows(11))
    with pytest.raises(UsageError, match="holds another build"):
        build_toy(source, out)
    assert tree_hash(out) == before
    assert not build_toy(source, out, overwrite=True).reused
    assert read_manifest(out)["books"]["source_rows"] == 11
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "toy.jsonl"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_no_build_is_never_replaced(tmp_path: Path, build_toy: Callable[..., api.Built], *, overwrite: bool):
    source = write_jsonl(tmp_path / "toy.jsonl", toy_rows(10))
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    for out in (tmp_path / "thesis", source):
        with pytest.raises(UsageError, match="exists and is no build"):
            build_toy(source, out, overwrite=overwrite)
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"


def test_a_failed_overwrite_keeps_the_old_build(
    tmp_path: Path, build_toy: Callable[..., api.Built], tree_hash: TreeHash
):
    source = write_jsonl(tmp_path / "toy.jsonl", toy_rows(10))
    before = tree_hash(build_toy(source, tmp_path / "out").path)
    source.write_text("{")
    with pytest.raises(api.SourceError):
        build_toy(source, tmp_path / "out", overwrite=True)
    assert tree_hash(tmp_path / "out") == before


CHILD = """
    import functools, sys
    from pathlib import Path
    from openmed_data.api import build_dataset
    from openmed_data import builder
    from openmed_data.pipeline import run, shards, stage
    builder.PART_ROWS = stage.PART_ROWS = run.PART_ROWS = 40
    run.plan = functools.partial(shards.plan, shard_rows=60)
    print("go", flush=True)
    build_dataset("medmcqa-prefs", "sample", Path(sys.argv[1]), validation=False)
"""


def _start(out: Path) -> "subprocess.Popen[str]":
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD), str(out)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout
    assert child.stdout.readline() == "go\n"
    return child


@pytest.mark.slow
def test_sigkill_at_random_moments(tmp_path: Path, tree_hash: TreeHash):
    started = time.monotonic()
    with _start(tmp_path / "reference") as reference:
        started = time.monotonic()
        assert reference.wait() == 0
    whole = time.monotonic() - started
    expected = tree_hash(tmp_path / "reference")
    chance, out, kills = random.Random(20), tmp_path / "out", 0
    while kills < 12:
        with _start(out) as child:
            time.sleep(chance.uniform(0, whole))
            child.send_signal(signal.SIGKILL)
            killed = child.wait() == -signal.SIGKILL
        kills += killed
        if not killed or kills % 4 == 0:  # finish it, look, and begin anew
            with _start(out) as child:
                assert child.wait() == 0
            assert tree_hash(out) == expected
            out = tmp_path / f"out{kills}-{whole}"
        else:
            assert not out.exists() or tree_hash(out) == expected


STALLING = """
    import os, sys, time
    from pathlib import Path
    from toy_builder import Toy, run_pipeline

    class Stalling(Toy):
        def fit(self, batch, options):
            Path(os.environ["PIDS"], str(os.getpid())).touch()
            time.sleep(600)

    if __name__ == "__main__":
        import stalling
        run_pipeline(stalling.Stalling(), sys.argv[1], Path(sys.argv[2]), workers=2)
"""


def test_worker_processes_end_with_the_build(tmp_path: Path):
    (tmp_path / "stalling.py").write_text(textwrap.dedent(STALLING))
    (tmp_path / "pids").mkdir()
    source = write_jsonl(tmp_path / "toy.jsonl", toy_rows(5))
    tests = str(Path(__file__).parents[1])
    environment = {**os.environ, "PIDS": str(tmp_path / "pids"), "PYTHONPATH": os.pathsep.join([str(tmp_path), tests])}
    command = [sys.executable, str(tmp_path / "stalling.py"), str(source), str(tmp_path / "out")]
    with subprocess.Popen(command, env=environment) as build:
        while not (pids := list((tmp_path / "pids").iterdir())):
            assert build.poll() is None
            time.sleep(0.05)
        build.send_signal(signal.SIGKILL)
    worker = int(pids[0].name)
    assert worker != build.pid
    while _runs(worker):  # the timeout of the whole test is its end
        time.sleep(0.05)


def _runs(process: int) -> bool:
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
