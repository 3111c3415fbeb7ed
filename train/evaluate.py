"""`evaluate`: scores on MMLU, MMLU-Pro and IFEval with lm-evaluation-harness, for each model of the chain.

The harness does it; it is called by its command line, with a configuration that stays in the run's folder.
"""

import hashlib
import json
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import yaml
from pydantic import Field

from openmed_data.errors import UsageError
from openmed_data.training.device import device_of
from openmed_data.training.harness import require_tasks
from openmed_data.training.profile import Profile
from openmed_data.training.records import LENT, RESULTS
from openmed_data.training.results import headline, results_file
from openmed_data.training.settings import Settings
from openmed_data.training.stage import Job, Outcome, Stage
from openmed_data.training.template import choose
from openmed_data.training.tools import call, tool

_SCRIPT = ("lm_eval", "lm_eval", "evaluate")


class EvaluateSettings(Settings):
    """Settings of the evaluation; the defaults are those of the model card that the recipe reproduces."""

    models: tuple[str, ...] = Field(("base", "last"), description="`base`, `last`, or stages whose models to score.")
    tasks: tuple[str, ...] = Field(
        ("mmlu", "leaderboard_mmlu_pro", "leaderboard_ifeval"), description="Tasks and groups of the harness."
    )
    include_path: Path | None = Field(None, description="Folder of further task files.")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field("bfloat16", description="Type of the weights.")
    batch_size: Annotated[int, Field(ge=1)] | Literal["auto"] = Field(
        64, description="Requests at once; `auto` takes as many as fit, up to 64."
    )
    limit: int | None = Field(None, ge=1, description="Only so many questions of each task; for trying out.")
    apply_chat_template: bool = Field(default=True, description="Ask in the model's chat format.")
    fewshot_as_multiturn: bool = Field(default=True, description="In that format, show examples as turns.")

    def identity(self) -> dict[str, Any]:
        """Return what decides the scores: local task files by their content, not by their place."""
        own = self.model_dump(mode="json", exclude={"models", "batch_size", "include_path"})
        return own if self.include_path is None else {**own, "task_files": _digest(self.include_path)}


def _digest(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


class Evaluate(Stage):
    """lm-evaluation-harness on one model."""

    name = "evaluate"
    summary = "Scores on MMLU, MMLU-Pro and IFEval (lm-evaluation-harness)"
    measures = True
    settings_model: ClassVar[type[Settings]] = EvaluateSettings

    def check(self, settings: Any, profile: Profile, processes: int) -> None:  # noqa: ARG002
        """Raise where the harness is not installed, the folder of tasks is absent, or a task does not exist.

        Raises
        ------
        UsageError
            What is missing.
        """
        command = tool(*_SCRIPT)
        if settings.include_path is not None and not settings.include_path.is_dir():
            raise UsageError(f"evaluate: there is no folder '{settings.include_path}'", hint="See include_path.")
        require_tasks(settings.tasks, settings.include_path, command)

    def work(self, job: Job) -> Outcome:
        """Score the model.

        Raises
        ------
        BuildError
            The harness failed, or wrote nothing.
        """
        settings: Any = self.settings(job.settings)
        path = job.folder / "lm_eval.yaml"
        path.write_text(yaml.safe_dump(_configuration(job, settings)), encoding="utf-8")
        command = [*tool(*_SCRIPT), "run", "--config", str(path)]
        devices = 1
        if job.profile.accelerate is not None and command[0] == sys.executable:
            devices = job.profile.devices  # of one machine: several do not share an evaluation
            launch = ["accelerate.commands.launch", "--config_file", str(job.folder / "accelerate.yaml")]
            command = [sys.executable, "-m", *launch, *command[1:]]
        call(command, hint="The log says why. Where memory ran out: --set evaluate.batch_size=auto")
        found = results_file(job.folder)
        place = found.relative_to(job.folder).as_posix()
        return Outcome(last_log=headline(found), results=place, device=device_of(job.profile, devices))


def _configuration(job: Job, settings: Any) -> Mapping[str, Any]:
    model: dict[str, Any] = {"pretrained": str(job.model), "dtype": settings.dtype}
    if settings.apply_chat_template:
        model["tokenizer"] = str(_tokenizer(job))
    asked = {
        "model": "hf",
        "model_args": model,
        "tasks": list(settings.tasks),
        "batch_size": settings.batch_size,
        "apply_chat_template": settings.apply_chat_template,
        "fewshot_as_multiturn": settings.apply_chat_template and settings.fewshot_as_multiturn,
        "seed": [job.seed] * 4,
        "log_samples": True,
        "output_path": str(job.folder / RESULTS),
        "device": "cpu" if job.profile.device == "cpu" else None,
        "limit": settings.limit,
        "include_path": str(settings.include_path.resolve()) if settings.include_path else None,
    }
    return {key: value for key, value in asked.items() if value is not None}


def _tokenizer(job: Job) -> Path:
    """Return a tokenizer with a chat template: a base model may have none, and is to be asked in the same format."""
    config = job.model / "tokenizer_config.json"
    if (job.model / "chat_template.jinja").is_file() or "chat_template" in json.loads(config.read_bytes()):
        return job.model
    transformers: Any = import_module("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(job.model))
    tokenizer.chat_template = choose(tokenizer, job.chat_template).text
    place = job.folder / LENT
    tokenizer.save_pretrained(str(place))
    return place


STAGE = Evaluate()
