"""Names that mergekit and lm-evaluation-harness must know are looked up before a run, not after its training."""

import sys
from pathlib import Path
from typing import Any

import pytest

from openmed_data.errors import UsageError
from openmed_data.registry import STAGES, find
from openmed_data.training import harness
from openmed_data.training.harness import known_tasks, require_tasks

# What stands in for the harness in another environment: it knows the one task that no file names.
HARNESS = """
import sys
asked = sys.argv[sys.argv.index("--tasks") + 1].split(",")
missing = [name for name in asked if name != "made_in_python"]
print("Tasks not found: " + ", ".join(missing) if missing else "All tasks found and valid")
sys.exit(bool(missing))
"""


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a harness that is not of this environment."""
    monkeypatch.setattr(harness, "_installed", frozenset)
    script = tmp_path / "lm_eval.py"
    script.write_text(HARNESS)
    return [sys.executable, str(script)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "tasks" / "medical"
    place.mkdir(parents=True)
    (place / "a.yaml").write_text("task: medical_anatomy\ndataset_path: json\n")
    (place / "b.yaml").write_text('"group": "medical"\ntask:\n  - task: nested_in_a_group\n')
    (place / "notes.txt").write_text("task: not_a_task\n")
    return place.parent


def test_task_files_name_their_tasks(folder: Path, command: list[str]) -> None:
    del command
    assert known_tasks(folder) == {"medical_anatomy", "medical"}
    assert known_tasks() == frozenset()


@pytest.mark.parametrize("tasks", [("medical",), ("medical_*", "made_in_python"), ("medical,medical_anatomy",)])
def test_tasks_that_exist_pass(tasks: tuple[str, ...], folder: Path, command: list[str]) -> None:
    require_tasks(tasks, folder, command)
    require_tasks((str(folder / "medical" / "a.yaml"),), None, command)


def test_every_task_that_does_not_exist_is_named_with_near_ones(folder: Path, command: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        require_tasks(("medical_anatomi", "made_in_python", "xyz"), folder, command)
    assert "no task 'medical_anatomi'; did you mean 'medical_anatomy'" in str(caught.value)
    assert "no task 'xyz'" in str(caught.value)
    assert "made_in_python" not in str(caught.value)


def test_a_harness_that_cannot_say_is_no_approval(command: list[str], tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit('no module named torch')")
    with pytest.raises(UsageError, match="cannot say which tasks it has: no module named torch"):
        require_tasks(("mmlu",), None, [command[0], str(broken)])


@pytest.mark.slow
def test_the_harness_itself_decides() -> None:
    pytest.importorskip("lm_eval")
    stage: Any = find(STAGES, "evaluate")
    settings = stage.settings({})
    stage.check(settings, None, 1)
    with pytest.raises(UsageError, match=r"no task 'mmluu'; did you mean .*'mmlu'"):
        stage.check(settings.model_copy(update={"tasks": ("mmluu", "RC_tasks")}), None, 1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"method": "arcee_fusoin"}, r"method: .*'arcee_fusion' or 'karcher' \(found 'arcee_fusoin'\)"),
        ({"method": "slerp"}, "found 'slerp'"),
        ({"out_dtype": "fp16"}, "out_dtype: .*'float16'"),
    ],
)
def test_a_merge_that_mergekit_could_not_make_is_refused(given: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find(STAGES, "merge").settings(given)


def test_mergekit_has_the_methods() -> None:
    registry = pytest.importorskip("mergekit.merge_methods.registry")
    for name in ("arcee_fusion", "karcher"):
        assert find(STAGES, "merge").settings({"method": name})
        spec = registry.get(name).spec
        spec.contract.validate_ids(["base", "trained"], "base")
        assert not [one.name for one in spec.parameters if one.required]
