"""What lm-evaluation-harness needs besides itself, and would fetch in the middle of the night."""

import os
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from openmed_data.training.doctor.finding import Finding, Verdict

_OFFLINE = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE")
_IFEVAL_PACKAGES = ("nltk", "langdetect", "immutabledict")
_QUESTIONS = {
    "mmlu": "cais/mmlu",
    "leaderboard_mmlu_pro": "TIGER-Lab/MMLU-Pro",
    "leaderboard_ifeval": "wis-k/instruction-following-eval",
}


def ifeval(stage: str, tasks: Sequence[str]) -> Iterator[Finding]:
    """Say whether IFEval finds its packages, and the sentence splitter that it would download."""
    if not any("ifeval" in task for task in tasks):
        return
    missing = [name for name in _IFEVAL_PACKAGES if find_spec(name) is None]
    if missing:
        hint = "Install lm-eval[ifeval], from constraints/evaluate.txt."
        yield Finding(stage, "ifeval", Verdict.FAIL, f"{', '.join(missing)} not installed", hint)
        return
    nltk: Any = import_module("nltk")
    try:
        nltk.data.find("tokenizers/punkt_tab")
    except LookupError:
        verdict = Verdict.FAIL if offline() else Verdict.WARN
        hint = "python -m nltk.downloader punkt_tab; or copy it into a folder that NLTK_DATA names."
        yield Finding(stage, "ifeval", verdict, "NLTK's punkt_tab is not here; it is fetched when first needed", hint)
    else:
        yield Finding(stage, "ifeval", Verdict.OK, "punkt_tab is here")


def questions(stage: str, tasks: Sequence[str], cache: Path | None = None) -> Finding:
    """Say whether the questions are in the Hub's cache, which matters where the Hub may not be asked."""
    place = cache or _cache()
    known = {task: repo for task, repo in _QUESTIONS.items() if task in tasks}
    absent = [repo for repo in known.values() if not (place / f"datasets--{repo.replace('/', '--')}").is_dir()]
    if not absent:
        words = "in the cache" if known else "of local task files"
        return Finding(stage, "questions", Verdict.OK, f"questions are {words}")
    found = f"not in the cache: {', '.join(absent)}"
    if offline():
        hint = "Fetch them where there is a connection: hf download --repo-type dataset REPO"
        return Finding(stage, "questions", Verdict.FAIL, f"{found}, and the Hub may not be asked", hint)
    return Finding(stage, "questions", Verdict.OK, f"{found}; they are fetched when they are needed")


def offline() -> bool:
    """Return whether the environment forbids to ask the Hub."""
    return any(os.environ.get(name, "").upper() in {"1", "TRUE", "YES", "ON"} for name in _OFFLINE)


def _cache() -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)
