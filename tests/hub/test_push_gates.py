"""What is not fit to be pushed is not pushed, and the reason is named."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest_hub import REPO, Push, copy, planned
from stand_in.server import StandIn
from stand_in.world import READER

from openmed_data import manifest
from openmed_data.errors import GateError, HubError, OpenMedError, UsageError
from openmed_data.hub import receipt
from openmed_data.hub.card import card_problems
from openmed_data.report import read_report, write_report

pytestmark = [
    pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning"),
    pytest.mark.usefixtures("without_loading"),
]

TRAIN = "data/train-00000-of-00002.parquet"


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    def run(build: Path) -> None:
        text = (build / name).read_text(encoding="utf-8")
        assert old in text
        (build / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return run


SPOILED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a byte of a shard": (lambda build: flip(build / TRAIN), f"{TRAIN}: found"),
    "a shard too few": (lambda build: (build / TRAIN).unlink(), f"{TRAIN}: found no file"),
    "a shard too many": (lambda build: shutil.copy(build / TRAIN, build / "data/train-00009.parquet"), "does not name"),
    "a stray file": (lambda build: (build / "notes.txt").write_text("x"), "notes.txt: found a file that the manifest"),
    "no report": (lambda build: shutil.rmtree(build / "validation"), "the report of a validation that passed"),
    "a failed verdict": (edit("validation/report.json", '"passed": true', '"passed": false'), "a verdict that failed"),
    "a failed figure": (
        edit("validation/report.json", '"value": 0', '"value": 3'),
        "a verdict that failed: toy empty_rows",
    ),
    "an edited figure": (
        edit("validation/report.json", '"rows without text"', '"none"'),
        "validation/report.md: found text",
    ),
    "an edited page": (
        edit("validation/report.html", "rows without text", "all is well"),
        "validation/report.html: found",
    ),
    "an edited case": (edit("validation/junit.xml", "pass: 0", "pass: 1"), "validation/junit.xml: found text"),
    "another manifest": (edit("manifest.json", '"limit": null', '"limit": 7'), "a report about other files"),
    "no licence": (edit("README.md", "license: mit\n", ""), "field 'license': found nothing"),
    "an unknown licence": (edit("README.md", "license: mit\n", "license: unknown\n"), "field 'license'"),
    "a licence not on the list": (edit("README.md", "license: mit\n", "license: mine\n"), "an id of the Hub's list"),
    "a licence without its text": (edit("README.md", "license: mit\n", "license: other\n"), "field 'license_link'"),
    "another licence": (edit("README.md", "license: mit\n", "license: cc0-1.0\n"), "found 'cc0-1.0'; expected 'mit'"),
    "another count on the card": (edit("README.md", "num_examples: 6", "num_examples: 7"), "dataset_info.splits"),
    "another column on the card": (edit("README.md", "name: topic", "name: tropic"), "dataset_info.features"),
    "a pattern that misses": (edit("README.md", "path: data/train-*", "path: data/tain-*"), "field 'configs'"),
    "a card without metadata": (edit("README.md", "---\n", "\n"), "field 'license'"),
    "a card of another shape": (edit("README.md", "configs:\n", "configs: 3\nx:\n"), "field 'configs'"),
}


@pytest.mark.parametrize(("spoil", "says"), SPOILED.values(), ids=SPOILED.keys())
def test_a_spoiled_build_is_not_pushed(
    spoil: Callable[[Path], object], says: str, hub: StandIn, build: Path, push_to: Push
):
    spoil(build)
    with pytest.raises(GateError) as caught:
        push_to(hub, build)
    assert says in str(caught.value)
    assert caught.value.hint
    assert hub.world.repositories == {}


def test_a_validation_of_some_checks_opens_nothing(hub: StandIn, build: Path, push_to: Push):
    report = read_report(build / "validation")
    kept = tuple(one for one in report.results if one.check != "phi")
    write_report(replace(report, results=kept), build / "validation")
    with pytest.raises(GateError, match="found no word of phi; expected the report of all checks"):
        push_to(hub, build)
    assert hub.world.repositories == {}


def test_a_card_names_what_the_hub_only_calls_other(build: Path):
    named = "license: other\nlicense_name: nlm\nlicense_link: https://example.org\n"
    edit("README.md", "license: mit\n", named)(build)
    document = manifest.read(build)
    assert card_problems(build, document)
    assert card_problems(build, document | {"source": document["source"] | {"license": "other"}}) == []


def test_no_build_is_a_usage_error(hub: StandIn, tmp_path: Path, push_to: Push):
    with pytest.raises(UsageError, match="no finished build"):
        push_to(hub, tmp_path)


def test_every_reason_is_named(hub: StandIn, build: Path, push_to: Push):
    (build / "notes.txt").write_text("x")
    shutil.rmtree(build / "validation")
    with pytest.raises(GateError) as caught:
        push_to(hub, build)
    assert "notes.txt" in str(caught.value)
    assert "validation that passed" in str(caught.value)


@pytest.mark.parametrize("private", [True, False])
def test_an_existing_repository_keeps_its_visibility(private: bool, hub: StandIn, build: Path, push_to: Push):
    hub.create(REPO, private=private)
    with pytest.raises(GateError, match="is public" if not private else "is private"):
        push_to(hub, build, public=private)
    assert len(hub.repository(REPO).history("main")) == 1
    push_to(hub, build, public=not private)
    assert planned(hub, build, commits=1)
    assert hub.repository(REPO).private is private


def test_a_new_repository_is_private_unless_asked(hub: StandIn, build: Path, push_to: Push):
    push_to(hub, build)
    push_to(hub, build, repo="someone/open", public=True)
    assert hub.repository(REPO).private
    assert not hub.repository("someone/open").private


def test_a_gitignore_that_eats_shards_is_refused(hub: StandIn, build: Path, push_to: Push):
    hub.create(REPO)
    hub.put(REPO, ".gitignore", b"*.parquet\n")
    with pytest.raises(GateError, match=r"\.gitignore .* would leave out data/train"):
        push_to(hub, build)
    assert len(hub.repository(REPO).history("main")) == 2
    hub.put(REPO, ".gitignore", b"*.log\n")
    push_to(hub, build)
    assert planned(hub, build, commits=3)


def test_somebodys_own_dataset_is_not_replaced(hub: StandIn, build: Path, push_to: Push):
    hub.create(REPO)
    hub.put(REPO, "data/train.csv", b"a,b\n")
    with pytest.raises(GateError, match="openmed-data did not push"):
        push_to(hub, build)
    assert len(hub.repository(REPO).history("main")) == 2


def test_a_tag_on_another_commit_is_refused_before_anything_is_written(
    hub: StandIn, build: Path, made: dict[int, Path], push_to: Push, tmp_path: Path
):
    first = push_to(hub, build, tag="v1")
    with pytest.raises(GateError, match="tags are never moved"):
        push_to(hub, copy(made[1], tmp_path / "edited"), tag="v1")
    assert hub.repository(REPO).tags == {"v1": first.commit}
    assert hub.repository(REPO).head.id == first.commit


def test_a_tag_on_a_pull_request_is_a_usage_error(hub: StandIn, build: Path, push_to: Push):
    with pytest.raises(UsageError, match="a pull request is none"):
        push_to(hub, build, tag="v1", pull_request=True)


@pytest.mark.parametrize("name", ["toy", "a/b/c", "some one/toy", "", "someone/toy.git"])
def test_a_name_that_is_none_is_a_usage_error(name: str, hub: StandIn, build: Path, push_to: Push):
    with pytest.raises(UsageError, match="names no Hub dataset"):
        push_to(hub, build, repo=name)
    assert hub.asked == []


def test_a_token_that_may_only_read_writes_nothing(
    hub: StandIn, build: Path, push_to: Push, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HF_TOKEN", READER)
    with pytest.raises(HubError, match="nothing was written") as caught:
        push_to(hub, build)
    assert READER not in str(caught.value) + caught.value.hint
    assert hub.world.repositories == {}


def test_without_a_token_the_hint_says_how_to_get_one(
    hub: StandIn, build: Path, push_to: Push, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(build / "nowhere"))
    with pytest.raises(OpenMedError, match="no access token") as caught:
        push_to(hub, build)
    assert "hf auth login" in caught.value.hint


def test_a_gate_of_the_build_closes_without_a_token(
    hub: StandIn, build: Path, push_to: Push, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "none"))
    (build / "data" / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(GateError, match=r"data/notes\.txt: found a file that the manifest does not name"):
        push_to(hub, build, dry_run=True)
    assert hub.asked == []


@pytest.mark.parametrize("tag", ["", "a b", "v1..2", "-v1", "v1/", "v~1", "v1\n"])
def test_a_tag_that_git_cannot_hold_is_refused_before_anything_is_written(
    tag: str, hub: StandIn, build: Path, push_to: Push
):
    with pytest.raises(UsageError, match="cannot be a tag"):
        push_to(hub, build, tag=tag)
    assert hub.asked == []


def test_offline_is_said(hub: StandIn, build: Path, push_to: Push, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match="HF_HUB_OFFLINE is set") as caught:
        push_to(hub, build)
    assert "Unset it" in caught.value.hint
    assert hub.asked == []


def test_a_dry_run_writes_nothing_and_shows_the_plan(hub: StandIn, build: Path, push_to: Push):
    done = push_to(hub, build, dry_run=True)
    assert done.commit is None
    assert done.plan.upload_bytes == sum(file.size for file in done.plan.contents.files.values())
    assert TRAIN in done.plan.add
    assert hub.world.repositories == {}
    assert not receipt.place(build).exists()


def test_the_receipt_lies_beside_the_build_and_says_what_was_pushed(hub: StandIn, build: Path, push_to: Push):
    done = push_to(hub, build, tag="v1")
    written = json.loads(receipt.place(build).read_text())
    assert written["commit"] == done.commit == hub.repository(REPO).head.id
    assert written["rows"] == {"train": 6, "validation": 3}
    assert written["files"][TRAIN] == done.plan.contents.files[TRAIN].sha256
    push_to(hub, build, tag="v1")  # the build itself is as it was: it may be pushed again
