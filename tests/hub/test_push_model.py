"""A model goes to the Hub as a dataset does: through gates, whole or not at all, verified, tagged last."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from stand_in.faults import Fault, Kind
from stand_in.server import StandIn
from stand_in.world import WRITER
from test_push_random import HUB, STORAGE, draw

from openmed_data.errors import GateError, HubError, UsageError
from openmed_data.hub import receipt
from openmed_data.hub.plan import Target
from openmed_data.hub.push import Pushed, push

pytest.importorskip("torch")
pytest.importorskip("transformers")

sys.path.insert(0, str(Path(__file__).parents[1] / "train" / "evidence"))

from models import make_model
from runs import as_parent, evaluate, make_run
from typer.testing import CliRunner

from openmed_data.cli import app
from openmed_data.training import push_model
from openmed_data.training.export import export
from openmed_data.training.push_model import MODEL
from openmed_data.training.records import Parent
from openmed_data.training.weights import weights_digest

# The client library's own upload says so to itself.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")

REPO = "someone/toy-model"

PushModel = Callable[..., Pushed]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export with its card, made by the commands that a user has."""
    folder = tmp_path_factory.mktemp("made")
    base, child = make_model(folder / "base", generation=True), make_model(folder / "child", seed=1)
    parent = Parent(model="toys/base-1m", weights=weights_digest(base))
    place, run = make_run(folder / "runs", "sft", parent, weights=weights_digest(child), base=parent)
    child.rename(place / "model")
    evaluate(folder / "runs", as_parent(place, run), 0.6, started="2026-01-03T00:00:00")
    evaluate(folder / "runs", parent, 0.5, started="2026-01-03T00:00:01")
    export(folder / "runs" / "toy", folder / "toy-model")
    arguments = ["train", "card", folder / "runs" / "toy", "--into", folder / "toy-model", "--license", "apache-2.0"]
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert done.exit_code == 0, done.output
    return folder / "toy-model"


@pytest.fixture
def model(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "toy-model"))


@pytest.fixture
def models(tmp_path: Path) -> Generator[StandIn]:
    with StandIn(tmp_path / "models", kind="model") as server:
        yield server


@pytest.fixture
def push_to(models: StandIn) -> PushModel:
    def run(folder: Path, *, dry_run: bool = False, **target: Any) -> Pushed:
        return push(
            folder, REPO, Target(**target), cargo=MODEL, dry_run=dry_run, endpoint=models.origin, read_seconds=20
        )

    return run


@pytest.fixture
def unloaded(monkeypatch: pytest.MonkeyPatch, model: Path) -> None:
    """Leave out the process that loads the model again; some tests have it, and it takes seconds."""
    parameters = json.loads((model / "export.json").read_text())["parameters"]
    monkeypatch.setattr(push_model, "_loaded", lambda *_: {"parameters": parameters})


def holds(hub: StandIn, folder: Path, *, commits: int) -> bool:
    held = hub.read(REPO)
    held.pop(".gitattributes")
    local = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert held == local
    assert len(hub.repository(REPO).history("main")) == 1 + commits
    return True


def test_a_model_is_pushed_loaded_back_and_tagged(models: StandIn, model: Path, push_to: PushModel) -> None:
    shown: list[Any] = []
    pushed = push(
        model, REPO, Target(tag="v1"), cargo=MODEL, shown=shown.append, endpoint=models.origin, read_seconds=20
    )
    assert pushed.written
    assert holds(models, model, commits=1)
    assert models.repository(REPO).private
    assert models.repository(REPO).tags == {"v1": pushed.commit}
    assert "model.safetensors" in shown[0].add
    assert models.repository(REPO).head.files["model.safetensors"].sha256 is not None  # large-file storage
    written = json.loads(receipt.place(model).read_text())
    assert written["parameters"] == json.loads((model / "export.json").read_text())["parameters"]
    assert written["manifest_sha256"] == written["files"]["export.json"]


@pytest.mark.usefixtures("unloaded")
def test_a_second_push_does_nothing(models: StandIn, model: Path, push_to: PushModel) -> None:
    first = push_to(model)
    models.asked.clear()
    second = push_to(model)
    assert (second.commit, second.written) == (first.commit, False)
    assert not [request for request in models.asked if "/commit/" in request or "PUT" in request]


@pytest.mark.usefixtures("unloaded")
def test_weights_go_by_xet_where_the_hub_has_it(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", False)
    with StandIn(tmp_path / "xet", xet=True, kind="model") as hub:
        pushed = push(model, REPO, Target(tag="v1"), cargo=MODEL, endpoint=hub.origin, read_seconds=20)
        weights = hub.repository(REPO).head.files["model.safetensors"]
    assert weights.xet
    assert weights.sha256 == pushed.plan.contents.files["model.safetensors"].sha256
    assert hub.repository(REPO).tags == {"v1": pushed.commit}


def test_a_dry_run_writes_nothing(models: StandIn, model: Path, push_to: PushModel) -> None:
    pushed = push_to(model, dry_run=True)
    assert pushed.commit is None
    assert models.world.repositories == {}


@pytest.mark.usefixtures("unloaded")
def test_a_file_that_left_the_export_leaves_the_repository(models: StandIn, model: Path, push_to: PushModel) -> None:
    push_to(model)
    models.put(REPO, "model-00001-of-00002.safetensors", b"old")
    models.put(REPO, "LICENSE", b"terms")
    pushed = push_to(model)
    assert pushed.plan.delete == ("model-00001-of-00002.safetensors",)
    assert pushed.plan.keep == (".gitattributes", "LICENSE")
    assert models.read(REPO)["LICENSE"] == b"terms"


def test_somebody_elses_model_is_not_replaced(models: StandIn, model: Path, push_to: PushModel) -> None:
    models.create(REPO)
    models.put(REPO, "model.safetensors", b"theirs")
    with pytest.raises(GateError, match="did not push"):
        push_to(model)
    assert models.read(REPO)["model.safetensors"] == b"theirs"


def test_a_public_repository_is_not_taken_for_a_private_one(models: StandIn, model: Path, push_to: PushModel) -> None:
    models.create(REPO, private=False)
    with pytest.raises(GateError, match="is public"):
        push_to(model)


@pytest.mark.usefixtures("unloaded", "slept")
@pytest.mark.parametrize("kind", [Kind.LOST, Kind.LOST_STATUS])
def test_a_lost_answer_makes_no_second_commit(models: StandIn, model: Path, push_to: PushModel, kind: Kind) -> None:
    models.faults.plant(Fault("POST .*/commit/", kind, status=502))
    push_to(model)
    assert holds(models, model, commits=1)


@pytest.mark.usefixtures("unloaded", "slept")
def test_a_byte_changed_on_its_way_back_is_seen(models: StandIn, model: Path, push_to: PushModel) -> None:
    models.storage_faults.plant(Fault("GET .*", Kind.CORRUPT, times=2))
    with pytest.raises(HubError, match="is not the file that was pushed") as failed:
        push_to(model, tag="v1")
    assert "not tagged" in str(failed.value)
    assert models.repository(REPO).tags == {}


def test_a_model_that_others_cannot_load_is_not_tagged(
    models: StandIn, model: Path, push_to: PushModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_model, "_loaded", lambda *_: {"parameters": 1})
    with pytest.raises(HubError, match="instead of"):
        push_to(model, tag="v1")
    assert models.repository(REPO).tags == {}


def edit(name: str, old: str, new: str) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")

    return change


def spoil(folder: Path) -> None:
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))


def untidy(folder: Path) -> None:
    path = folder / "chat_template.jinja"
    path.write_text("{% generation %}" + path.read_text(encoding="utf-8") + "{% endgeneration %}", encoding="utf-8")


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "weights changed": (spoil, "model.safetensors: found SHA-256"),
    "a file is gone": (lambda folder: (folder / "tokenizer.json").unlink(), "tokenizer.json: found no file"),
    "a pickle": (lambda folder: (folder / "training_args.bin").write_bytes(b"x"), "training_args.bin: found a file"),
    "code": (lambda folder: (folder / "modeling_x.py").write_text("x"), "modeling_x.py: found a file"),
    "a link": (lambda folder: (folder / "evaluation/x.json").symlink_to("/etc/hosts"), "found a link"),
    "a figure on the card": (edit("README.md", "60.00", "99.00"), "other text than its evidence gives"),
    "the card is gone": (lambda folder: (folder / "README.md").unlink(), "README.md: found no file"),
    "scores of another model": (edit("evaluation/model.json", '"weights": "', '"weights": "0'), "other weights"),
    "another run": (edit("training/1-sft.json", '"weights": "', '"weights": "0'), "that was exported"),
    "no licence": (edit("training/card.json", '"apache-2.0"', "null"), "no licence"),
    "a differing export": (edit("export.json", '"identical": true', '"identical": false'), "differs when it is loaded"),
    "generation tags": (untidy, "a template that plain Jinja reads"),
    "the cache off": (edit("config.json", '"use_cache": true', '"use_cache": false'), "a cache that is off"),
}  # fmt: skip


@pytest.mark.parametrize("spoilt", SPOILT)
def test_a_gate_stays_closed(models: StandIn, model: Path, push_to: PushModel, spoilt: str) -> None:
    change, said = SPOILT[spoilt]
    change(model)
    with pytest.raises(GateError, match="may not be pushed") as refused:
        push_to(model)
    assert said in str(refused.value)
    assert models.world.repositories == {}


def test_what_is_no_export_is_refused(tmp_path: Path, push_to: PushModel, model: Path) -> None:
    with pytest.raises(UsageError, match="holds no exported model"):
        push_to(tmp_path)
    shutil.rmtree(model / "training")
    with pytest.raises(UsageError, match="no evidence"):
        push_to(model)


def test_the_card_of_another_model_is_not_written_into_an_export(made: Path, model: Path) -> None:
    other, _ = make_run(made.parent / "other", "dpo")
    done = CliRunner().invoke(app, ["train", "card", str(other), "--into", str(model)])
    assert done.exit_code == 2
    assert "is an export of sft-" in done.output
    assert (model / "README.md").read_bytes() == (made / "README.md").read_bytes()


def test_the_quickstart_on_the_card_runs(model: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    card = (model / "README.md").read_text(encoding="utf-8")
    code = card.split("```python\n")[1].split("```")[0].replace("max_new_tokens=512", "max_new_tokens=2")
    monkeypatch.chdir(model)
    exec(compile(code, "quickstart", "exec"), {})
    assert capsys.readouterr().out.endswith("\n")


@pytest.mark.slow
def test_the_command_pushes(models: StandIn, model: Path, tmp_path: Path) -> None:
    own = {"HF_ENDPOINT": models.origin, "HF_HOME": str(tmp_path / "home"), "HF_TOKEN": WRITER}
    command = [sys.executable, "-m", "openmed_data", "push-model", str(model), REPO, "--tag", "v1"]
    environment = {**os.environ, **own, "HF_HUB_DISABLE_XET": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert "pushed and verified" in done.stdout
    assert WRITER not in done.stdout + done.stderr
    assert holds(models, model, commits=1)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("unloaded", "slept")
def test_pushes_with_random_faults(models: StandIn, model: Path) -> None:
    """A model goes by other routes, and its weights by large-file storage: no commit is lost, none made twice."""
    routes = tuple(route.replace("/api/datasets/", "/api/models/") for route in HUB)
    stopped = 0
    for number in range(60):
        chance = random.Random(7_000 + number)
        models.faults.plant(*(draw(chance, routes) for _ in range(chance.choice((1, 2, 3)))))
        models.storage_faults.plant(*(draw(chance, STORAGE) for _ in range(chance.choice((0, 1)))))
        try:
            push(model, REPO, Target(tag="v1"), cargo=MODEL, endpoint=models.origin, read_seconds=0.5)
        except HubError:
            stopped += 1
            models.faults.plant()
            models.storage_faults.plant()
            push(model, REPO, Target(tag="v1"), cargo=MODEL, endpoint=models.origin, read_seconds=20)
        assert holds(models, model, commits=1), f"push {number}"
        assert models.repository(REPO).tags == {"v1": models.repository(REPO).head.id}, f"push {number}"
        models.world.repositories.clear()
    assert 5 < stopped < 55
