"""Every dataset of this project, built from its sample, goes to the Hub and comes back as it was."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest_hub import REPO, Push, planned
from stand_in.server import StandIn

from openmed_data import manifest
from openmed_data.api import build_dataset
from openmed_data.hub.pull import pull
from openmed_data.registry import BUILDERS, all_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning"),
    pytest.mark.usefixtures("slept"),
]

# A mixture is made of other builds and has no sample.
DATASETS = sorted(name for name, builder in all_of(BUILDERS).items() if builder.sample is not None)


def test_the_four_datasets_have_samples():
    assert {"medmcqa-prefs", "medreason-rewards", "sft-synthetic", "tool-traces"} <= set(DATASETS)


@pytest.mark.parametrize("name", DATASETS)
def test_it_is_pushed_and_loads_back(
    name: str, hub: StandIn, push_to: Push, tmp_path: Path, tree_hash: Callable[[Path], Any]
):
    built = build_dataset(name, "sample", tmp_path / name)
    assert built.passed
    done = push_to(hub, built.path)  # which loads it with `datasets` in a process of its own
    assert planned(hub, built.path, commits=1)
    assert done.receipt is not None
    said = json.loads(done.receipt.read_text())
    assert said["content_digest"] == manifest.read(built.path)["content_digest"]
    pulled = pull(REPO, out=tmp_path / "pulled", endpoint=hub.origin)
    assert tree_hash(pulled.path / "data") == tree_hash(built.path / "data")
