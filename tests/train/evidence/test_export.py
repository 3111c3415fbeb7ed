"""An export is the same model, as others load it; whatever is not is refused and leaves nothing behind."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import jinja2
import pytest
from runs import make_run
from typer.testing import CliRunner

from openmed_data.cli import app
from openmed_data.errors import GateError, UsageError
from openmed_data.training.export.template import CONVERSATIONS, plain, rendered, without_generation_tags
from openmed_data.training.records import Parent

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from models import TEMPLATE, make_model, make_tokenizer  # noqa: E402

from openmed_data.training.export import export, loading, record  # noqa: E402
from openmed_data.training.weights import weights_digest  # noqa: E402


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base that knows how to generate, and a stage trained from it that does not."""
    folder = tmp_path_factory.mktemp("made")
    base = make_model(folder / "base", generation=True)
    child = make_model(folder / "child", seed=1)
    parent = Parent(model=str(base), weights=weights_digest(base))
    run_folder, _ = make_run(folder / "runs", "sft", parent, weights=weights_digest(child), base=parent)
    child.rename(run_folder / "model")
    return folder / "runs" / "toy"


@pytest.fixture(scope="module")
def exported(made: Path) -> Path:
    export(made, made.parent.parent / "out")
    return made.parent.parent / "out"


def model_of(runs: Path) -> Path:
    return next(runs.glob("sft-*")) / "model"


@pytest.fixture
def runs(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "runs" / "toy"))


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_generation_gets_back_what_training_left_behind(made: Path, exported: Path) -> None:
    assert read(model_of(made) / "config.json")["use_cache"] is False
    assert not (model_of(made) / "generation_config.json").exists()
    assert read(exported / "config.json")["use_cache"] is True
    config = read(exported / "generation_config.json")
    assert (config["temperature"], config["use_cache"]) == (0.7, True)  # the base's own
    assert config["eos_token_id"] == [0, 2]  # and the token that the template ends a turn with
    assert "_from_model_config" not in config


def test_the_weights_are_the_trained_ones_in_bfloat16(made: Path, exported: Path) -> None:
    from safetensors.torch import load_file

    trained, written = load_file(model_of(made) / "model.safetensors"), load_file(exported / "model.safetensors")
    assert trained.keys() == written.keys()
    assert all(torch.equal(trained[name].to(torch.bfloat16), written[name]) for name in trained)
    facts = read(exported / "export.json")
    assert facts["loaded_back"]["identical"]
    assert 0 < facts["loaded_back"]["difference"] < 0.01
    assert facts["weights"] == weights_digest(exported)
    assert facts["parameters"] == sum(tensor.numel() for tensor in written.values())


def test_others_load_it_with_nothing_else(exported: Path) -> None:
    from transformers import pipeline

    write = pipeline("text-generation", model=str(exported))
    reply = write([{"role": "user", "content": "Which vitamin?"}], max_new_tokens=3, do_sample=False)
    assert reply[0]["generated_text"][-1]["role"] == "assistant"


def test_the_template_is_plain_and_says_the_same(exported: Path) -> None:
    template = (exported / "chat_template.jinja").read_text(encoding="utf-8")
    with pytest.raises(jinja2.TemplateSyntaxError):
        jinja2.Environment().from_string(TEMPLATE)
    jinja2.Environment().from_string(template)
    for conversation in CONVERSATIONS:
        assert rendered(template, conversation) == rendered(TEMPLATE, conversation, tagged=True)
    assert "<tool_call>" in str(rendered(template, CONVERSATIONS[-1]))


def test_plain_rendering_is_that_of_transformers(tmp_path: Path) -> None:
    tokenizer = make_tokenizer(tmp_path)
    stripped = plain(TEMPLATE, {})
    for conversation in CONVERSATIONS:
        arguments = dict(conversation) | {"conversation": conversation["messages"], "tokenize": False}
        arguments.pop("messages")
        assert tokenizer.apply_chat_template(**arguments) == rendered(stripped, conversation)


@pytest.mark.parametrize("tag", ["{% generation %}", "{%- generation -%}", "{%generation%}", "{%+ generation -%}"])
def test_every_spelling_of_the_tag_is_found(tag: str) -> None:
    stripped = without_generation_tags(f"{tag} x {tag.replace('generation', 'endgeneration')}")
    assert "{%" not in stripped
    assert jinja2.Environment(trim_blocks=True).from_string(stripped).render().strip() == "x"


def test_a_template_that_depends_on_the_scope_of_the_tags_is_refused() -> None:
    leaking = "{% set n = 1 %}{% generation %}{% set n = 2 %}{% endgeneration %}{{ n }}"
    with pytest.raises(GateError, match="renders a conversation differently"):
        plain(leaking, {})
    assert plain("{% set n = 1 %}{% generation %}{{ n }}{% endgeneration %}", {})


def test_a_comment_that_speaks_of_the_tags_stays_a_comment() -> None:
    template = (
        "{#- {% generation %} marks\n what is trained #}{% generation %}{{ messages[0].content }}{% endgeneration %}"
    )
    assert rendered(plain(template, {}), CONVERSATIONS[0]) == "Which vitamin is  water-soluble?\n"


def test_templates_that_trl_marked_become_plain() -> None:
    trl = pytest.importorskip("trl")
    marked = sorted((Path(trl.__file__).parent / "chat_templates").glob("*_training.jinja"))
    assert len(marked) > 20
    for path in marked:
        assert "generation %}" not in re.sub(
            r"{#.*?#}", "", plain(path.read_text(encoding="utf-8"), {}), flags=re.DOTALL
        )


def test_a_template_with_an_error_is_refused() -> None:
    with pytest.raises(GateError, match="none that Jinja reads"):
        plain("{% generation %}{{ unclosed ", {})


def test_an_existing_folder_is_left_alone(made: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(UsageError, match="exists already"):
        export(made, tmp_path / "there")


def test_weights_that_changed_since_are_refused(runs: Path, tmp_path: Path) -> None:
    path = model_of(runs) / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(GateError, match="are not those that sft-"):
        export(runs, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_copy_that_was_damaged_on_its_way_is_refused(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = loading.load

    def load(folder: Path, dtype: str) -> Any:
        model = really(folder, dtype)
        if "exporting" in folder.name:  # what is read back
            with torch.no_grad():
                model.lm_head.weight[7] *= 2
        return model

    monkeypatch.setattr(loading, "load", load)
    with pytest.raises(GateError, match="gives other logits than before"):
        export(made, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_loss_that_bfloat16_does_not_explain_is_refused(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = loading.load

    def load(folder: Path, dtype: str) -> Any:
        model = really(folder, dtype)
        if dtype == "bfloat16":
            with torch.no_grad():
                model.model.embed_tokens.weight[::2] = 0
        return model

    monkeypatch.setattr(loading, "load", load)
    with pytest.raises(GateError, match="bfloat16 explains"):
        export(made, tmp_path / "out")


def test_an_export_that_was_killed_is_begun_anew(made: Path, tmp_path: Path) -> None:
    (tmp_path / "out.exporting").mkdir()
    (tmp_path / "out.exporting" / "half.safetensors").write_bytes(b"x")
    export(made, tmp_path / "out")
    assert sorted(read(tmp_path / "out" / "export.json")["files"]) == sorted(
        path.name for path in (tmp_path / "out").iterdir() if record.is_model_file(path.name)
    )
    assert not (tmp_path / "out.exporting").exists()


def test_runs_without_a_finished_model_are_refused(tmp_path: Path) -> None:
    make_run(tmp_path, "sft", status="running", finished=None)
    with pytest.raises(UsageError, match="no finished run"):
        export(tmp_path, tmp_path / "out")


def test_the_command_says_what_it_did(made: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["train", "export", str(made), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "that of the base" in done.output
    assert f"train card {made} --into" in done.output
