"""A build is put where a link or dots lead, and leaves nothing beside it."""

from pathlib import Path

import pytest
from toy_builder import ThreadedToy, read_manifest, write_jsonl

from openmed_data import api, card


@pytest.mark.parametrize("place", ["link", ".", "..", "to come"])
def test_a_build_is_put_where_a_link_or_dots_lead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str):
    monkeypatch.setattr(card, "render", lambda build: "# A card")
    monkeypatch.setattr(api, "find", lambda room, name: ThreadedToy())
    source = write_jsonl(tmp_path / "toy.jsonl", [{"question": "what is it", "answer": "a"}])
    out = api.build_dataset("toy", str(source), tmp_path / "out", validation=False).path
    (tmp_path / "link").symlink_to(out, target_is_directory=True)
    (tmp_path / "to come").symlink_to(tmp_path / "new", target_is_directory=True)
    monkeypatch.chdir({"link": tmp_path, "to come": tmp_path, ".": out, "..": out / "data"}[place])
    api.build_dataset("toy", str(source), Path(place), overwrite=True, validation=False, options={"seed": 7})
    built = tmp_path / "new" if place == "to come" else out
    assert read_manifest(built)["options"]["seed"] == 7
    kept = {"out", "toy.jsonl", "link", "to come"}
    assert {path.name for path in tmp_path.iterdir()} == (kept | {"new"} if place == "to come" else kept)
