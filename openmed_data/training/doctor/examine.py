"""Go through a recipe stage by stage and collect what every check finds."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from openmed_data.errors import OpenMedError
from openmed_data.kinds import Kind
from openmed_data.progress import Progress, Silent
from openmed_data.registry import STAGES, find
from openmed_data.training.data import Data, open_data
from openmed_data.training.doctor import harness, machine, numbers, tokens
from openmed_data.training.doctor.finding import MACHINE, Finding, Verdict, attempt
from openmed_data.training.estimate import Estimate, disk_of
from openmed_data.training.plan import BASE, Request, Step, needs_of
from openmed_data.training.rows import sample
from openmed_data.training.settings import TrainerSettings
from openmed_data.training.stage import Stage
from openmed_data.training.trl_stage import TrlStage

_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class _Patient:
    """What all checks of a request share."""

    request: Request
    tokenizer: Any
    why: str
    memory_gb: float


def examine(request: Request, progress: Progress | None = None) -> list[Finding]:
    """Return what every check finds: of the machine, then of each wanted stage.

    Nothing is trained, no weights are loaded, and of a model on the Hub only the tokenizer is fetched. Nothing is
    raised either: what would stop a stage is a finding.
    """
    progress = progress or Silent()
    sections = {name: dict(request.recipe.stages[name]) for name in request.wanted}
    uses_vllm = any(section.get("use_vllm") for section in sections.values())
    found = [
        machine.python(machine.running_python(), request.profile, uses_vllm=uses_vllm),
        *machine.packages(machine.installed(), uses_vllm=uses_vllm),
        *machine.devices(request.profile),
    ]
    tokenizer, why = _tokenizer(request)
    patient = _Patient(request, tokenizer, why, machine.device_memory(request.profile))
    needs: list[Estimate] = []
    for name in request.wanted:
        progress.step(f"looking at {name}", None)
        step, findings = _stage(patient, name, progress)
        found += findings
        needs += [needs_of(request, step)] if step else []
    return [*found, numbers.disk(MACHINE, request.root, disk_of(needs))]


def _stage(patient: _Patient, name: str, progress: Progress) -> tuple[Step | None, list[Finding]]:
    request = patient.request
    stage: Stage = find(STAGES, name)
    section = dict(request.recipe.stages[name])
    if name in request.data:
        section["data"] = list(request.data[name])
    settings, finding = attempt(name, "settings", lambda: stage.settings(section), "known, and of the right types")
    if settings is None:
        return None, [finding]
    checked = partial(stage.check, settings, request.profile, request.processes)
    _, fit = attempt(name, "fit", checked, "the batch divides, and what it needs is installed")
    findings = [finding, fit]
    data = None
    if stage.kinds:
        opened = partial(open_data, stage, getattr(settings, "data", ()), progress)
        data, of_data = attempt(name, "data", opened, "the builds are what their manifests say")
        findings.append(of_data)
    step = Step(stage, settings, BASE, data)
    # Settings that do not fit, such as a reward that does not exist, make the rest meaningless.
    if fit.verdict is Verdict.OK and isinstance(stage, TrlStage) and isinstance(settings, TrainerSettings):
        findings += _trained(patient, stage, settings, step)
    tasks = getattr(settings, "tasks", None)
    if tasks:
        findings += [*harness.ifeval(name, tasks), harness.questions(name, tasks)]
        if (need := needs_of(request, step)).memory_gb is not None:
            findings.append(numbers.memory(name, need, patient.memory_gb, f"Set {name}.batch_size=auto."))
    return step, findings


def _trained(patient: _Patient, stage: TrlStage, settings: TrainerSettings, step: Step) -> Iterator[Finding]:
    """Yield what is found of a stage that trains."""
    request = patient.request
    weights = numbers.some_weights(Path(request.begins_with)) if settings.dtype != "float32" else None
    yield numbers.precision(stage.name, settings, weights)
    if slow := stage.slow_adapters(settings):
        yield Finding(stage.name, "learning rate", Verdict.WARN, slow)
    if patient.tokenizer is None:
        yield Finding(stage.name, "template", Verdict.UNKNOWN, patient.why, "Give the model's folder with --model.")
    else:
        yield tokens.template(stage.name, patient.tokenizer, request.recipe.chat_template)
    if step.data is not None:
        yield from _rows(patient, stage, settings, step.data)
        lower = (
            f"Lower {stage.name}.per_device_train_batch_size or the length, or train adapters: {stage.name}.lora.r=16."
        )
        yield numbers.memory(stage.name, needs_of(request, step), patient.memory_gb, lower)


def _rows(patient: _Patient, stage: TrlStage, settings: TrainerSettings, data: Data) -> Iterator[Finding]:
    if stage.kinds == frozenset({Kind.REWARDS}):
        good = "every reward pays its gold and nothing that is wrong, on the bundled items and this dataset's"
        yield attempt(stage.name, "rewards", lambda: stage.check_data(settings, data.files), good)[1]
    tokenizer = patient.tokenizer
    if tokenizer is None or not tokenizer.chat_template:
        yield Finding(stage.name, "rows", Verdict.UNKNOWN, "rows cannot be counted without a tokenizer and template")
        return
    rows = sample(data.files["train"], stage.columns)
    yield tokens.lengths(stage, settings, rows, tokenizer)
    if "chosen" in stage.columns:
        yield tokens.pairs(stage.name, rows, stage.most_tokens(settings), tokenizer)
    if "messages" in stage.columns:
        yield from tokens.calls(stage.name, rows, tokenizer)


def _tokenizer(request: Request) -> tuple[Any, str]:
    """Return the tokenizer of the model that the chain begins with, or None and why there is none."""
    if "transformers" not in machine.installed():
        return None, "transformers is not installed"
    transformers: Any = import_module("transformers")
    model = request.begins_with
    revision = None if request.model else request.recipe.revision
    # Where nothing answers, the client tries again and again for each file: most of a minute.
    cached = not Path(model).is_dir() and not _hub_answers(model, revision)
    load: Any = transformers.AutoTokenizer.from_pretrained
    try:
        return load(model, revision=revision, trust_remote_code=False, local_files_only=cached), ""
    except (OSError, ValueError, OpenMedError) as error:
        return None, f"the tokenizer of '{model}' cannot be had ({type(error).__name__})"


def _hub_answers(model: str, revision: str | None) -> bool:
    hub: Any = import_module("huggingface_hub")
    try:
        hub.model_info(model, revision=revision, timeout=_SECONDS)
    except Exception:  # noqa: BLE001  (whatever it is, the cache is what is left)
        return False
    return True
