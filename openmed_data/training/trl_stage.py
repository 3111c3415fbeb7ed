"""A stage that is one of TRL's trainers: everything around the trainer, which stays TRL's own."""

import json
import warnings
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

from openmed_data.errors import GateError, UsageError
from openmed_data.kinds import schema
from openmed_data.training import checkpoints, records
from openmed_data.training.export import restoring
from openmed_data.training.near import require_known
from openmed_data.training.preflight import require_adapters, require_attention, require_packages
from openmed_data.training.profile import Profile
from openmed_data.training.settings import TrainerSettings
from openmed_data.training.stage import CACHE, PARTIAL, Job, Outcome, Stage
from openmed_data.training.template import AUTO, CHATML, choose, faults, stop_token

TOO_LONG = "too_long"
ADAPTER = "adapter"

_REPORT = "tensorboard"
_DEVICE_BATCH = 8  # the trainer's own default
_OF_DEVICES = {"bf16", "fp16", "bf16_full_eval", "fp16_full_eval", "tf32", "fsdp", "fsdp_config", "deepspeed"}

# What the driver decides, so that ids, resuming and reports mean what they say.
_OURS = {
    "output_dir": "--out",
    "gradient_accumulation_steps": "batch",
    "seed": "the recipe's seed",
    "data_seed": "the recipe's seed",
    "resume_from_checkpoint": "running the same command again",
    "chat_template_path": "the recipe's chat_template",
    "model_init_kwargs": "dtype and attn_implementation",
    "reward_weights": "rewards",
    "auto_find_batch_size": "per_device_train_batch_size: it would make the batch another one",
    "save_only_model": "nothing: without the optimizer's state a run cannot be gone on with",
    "trust_remote_code": "nothing: code of a model is never run",
    "push_to_hub": "`openmed-data push-model`",
    "use_cpu": "--profile",
}


class TrlStage(Stage):
    """Base of the stages that train.

    Attributes
    ----------
    config_class, trainer_class
        Names of TRL's classes.
    """

    distributed: ClassVar[bool] = True
    config_class: ClassVar[str]
    trainer_class: ClassVar[str]

    def check(self, settings: TrainerSettings, profile: Profile, processes: int) -> None:
        """Raise where the settings are unknown, do not divide, or need what is not here.

        Raises
        ------
        UsageError
            What is wrong, and what to do.
        """
        require_packages("torch", "transformers", "trl", "accelerate", extra="train")
        given = settings.trainer
        if given.get("report_to", _REPORT) == _REPORT:
            require_packages("tensorboard", extra="train")
        ours = [f"'{key}' cannot be set; it is decided by {_OURS[key]}" for key in given if key in _OURS]
        if ours:
            raise UsageError(f"{self.name}: " + "\n  ".join(ours))
        fields: Mapping[str, Any] = getattr(import_module("trl"), self.config_class).__dataclass_fields__
        own = type(settings).model_fields
        require_known(given, {*(fields.keys() - _OURS.keys()), *own}, self.name)
        self.accumulation(settings, processes)
        require_adapters(settings, profile, self.name)
        require_attention(settings, self.name)
        if given.get("use_vllm"):
            require_packages("vllm", extra="train-vllm")
        self._require_accepted(settings, processes)

    def _require_accepted(self, settings: TrainerSettings, processes: int) -> None:
        """Raise where TRL's configuration refuses a value; it is made as in the stage's process, but on no device."""
        torch: Any = import_module("torch")
        kind: Any = getattr(import_module("trl"), self.config_class)
        # Its own way to a device would take memory of the first GPU, and keep it while the stages run.
        machine = SimpleNamespace(num_processes=processes)
        here: Any = type(kind.__name__, (kind,), {"_setup_devices": torch.device("cpu"), "distributed_state": machine})
        given = {key: value for key, value in settings.trainer.items() if key not in _OF_DEVICES}
        accumulation = self.accumulation(settings, processes)
        try:
            own = {**self.own_config(settings), "gradient_accumulation_steps": accumulation}
            with warnings.catch_warnings(action="ignore"):
                here(**{**given, **own}, output_dir="", use_cpu=True, bf16=False)
        except (AttributeError, ImportError, OSError, RuntimeError, TypeError, ValueError) as error:
            raise UsageError(f"{self.name}: {kind.__name__} refuses these settings: {error}") from error
        fields: Mapping[str, Any] = kind.__dataclass_fields__
        choices = {key: fields[key].metadata.get("choices") for key in given if key in fields}
        wrong = [
            f"{key} is one of {', '.join(known)}"
            for key, known in choices.items()
            if known and given[key] not in list(known)
        ]
        if wrong:
            raise UsageError(f"{self.name}: " + "\n  ".join(wrong))

    def check_data(self, settings: Any, files: Mapping[str, tuple[Path, ...]]) -> None:
        """Raise where the settings ask for a split that the dataset lacks.

        Raises
        ------
        UsageError
            There is no validation split to evaluate on.
        """
        if str(settings.trainer.get("eval_strategy") or "no") != "no" and "validation" not in files:
            raise UsageError(
                f"{self.name}: the data has no validation split, and eval_strategy asks for one",
                hint=f"Set {self.name}.eval_strategy=no, or build with a validation split.",
            )

    def doubts(self, job: Job) -> Iterator[str]:
        """Yield that adapters learn too slowly, and that the model's own chat template cannot be kept."""
        settings: Any = self.settings(job.settings)
        if slow := self.slow_adapters(settings):
            yield slow
        own = _tokenizer_of(job.model)
        if job.chat_template == AUTO and own.chat_template and choose(own).name == CHATML:
            why = "; ".join(faults(own, own.chat_template))
            yield f"the model's own chat template does not do, and it learns ChatML: {why}"

    def slow_adapters(self, settings: TrainerSettings) -> str | None:
        """Return that adapters are to learn as slowly as all weights do.

        They want about ten times the learning rate (Schulman et al., "LoRA Without Regret", 2025), and the trainer's
        own default is for all weights.
        """
        usual: float = getattr(import_module("trl"), self.config_class).__dataclass_fields__["learning_rate"].default
        rate = float(settings.trainer.get("learning_rate") or usual)
        if settings.lora is None or rate > usual:
            return None
        return (
            f"adapters are trained at a learning rate of {rate:g}, which is one for all weights; adapters want about "
            f"ten times as much: --set {self.name}.learning_rate={10 * rate:g}"
        )

    def accumulation(self, settings: TrainerSettings, processes: int) -> int:
        """Return how many batches of all devices make one optimiser step.

        Raises
        ------
        UsageError
            The batch cannot be divided so.
        """
        device_batch = int(settings.trainer.get("per_device_train_batch_size", _DEVICE_BATCH))
        if settings.batch % (device_batch * processes):
            raise UsageError(
                f"{self.name}: a batch of {settings.batch} is no multiple of {device_batch} sequences on each of "
                f"{processes} devices",
                hint=f"Set {self.name}.batch or {self.name}.per_device_train_batch_size.",
            )
        return settings.batch // (device_batch * processes)

    @abstractmethod
    def tokens(self, row: Mapping[str, Any], tokenizer: Any) -> int:
        """Return how many tokens a row takes, of those that `most_tokens` limits."""

    def most_tokens(self, settings: Any) -> int | None:
        """Return the most tokens that a row may take; None where there is no limit."""
        return settings.trainer.get("max_length", 1024)

    def prepared(self, rows: Any) -> Any:
        """Return the rows as the trainer reads them."""
        return rows

    def own_config(self, settings: Any) -> dict[str, Any]:  # noqa: ARG002
        """Return what this stage adds to the trainer's configuration."""
        return {}

    def own_arguments(self, settings: Any) -> dict[str, Any]:  # noqa: ARG002
        """Return what this stage adds to the trainer's arguments."""
        return {}

    def work(self, job: Job) -> Outcome:
        """Train, and save the model.

        Raises
        ------
        UsageError, GateError
            The chat template does not do, too many rows are too long, or there is nothing to learn from.
        """
        from openmed_data.training.device import device_of

        settings: Any = self.settings(job.settings)
        config = self._config(job, settings)
        tokenizer, template = _tokenizer(job)
        with config.distributed_state.main_process_first():
            splits, dropped = self._rows(job, settings, tokenizer)
        trainer = self._trainer(job, settings, config, tokenizer, splits)
        if job.checkpoint and checkpoints.is_last(job.checkpoint):
            # Gone on with, a trainer takes one step more than it was told to, unless it has no epoch to take it in.
            trainer.args.max_steps, trainer.args.num_train_epochs = -1, 0
        trainer.train(resume_from_checkpoint=str(job.checkpoint) if job.checkpoint else None)
        save(trainer, job, settings)
        logs = [entry for entry in trainer.state.log_history if "train_runtime" not in entry]
        return Outcome(
            steps=trainer.state.global_step,
            last_log=logs[-1] if logs else {},
            rows={name: len(rows) for name, rows in splits.items()},
            dropped=dropped,
            device=device_of(job.profile, job.processes),
            chat_template=template,
        )

    def _config(self, job: Job, settings: Any) -> Any:
        kind: Any = getattr(import_module("trl"), self.config_class)
        given = {
            "report_to": _REPORT,
            **settings.trainer,
            **self.own_config(settings),
            **job.profile.trainer,
            "output_dir": str(job.folder / records.CHECKPOINTS),
            "gradient_accumulation_steps": self.accumulation(settings, job.processes),
            "seed": job.seed,
            "model_init_kwargs": {"dtype": settings.dtype, "attn_implementation": settings.attn_implementation},
            "disable_tqdm": True,
            "save_total_limit": None,  # older checkpoints go once the new one is marked: see `checkpoints`
        }
        return kind(**given)

    def _rows(self, job: Job, settings: Any, tokenizer: Any) -> tuple[dict[str, Any], dict[str, int]]:
        """Return rows by split without those that are too long, and how many those were."""
        limit = self.most_tokens(settings)
        whole = _load(job, self.columns)
        kept: dict[str, Any] = {}
        long = 0
        for name, rows in whole.items():
            prepared = self.prepared(rows)
            if limit is not None:
                sizes: list[int] = prepared.map(partial(self._sized, tokenizer=tokenizer))["_tokens"]
                fitting = [index for index, size in enumerate(sizes) if size <= limit]
                long += len(prepared) - len(fitting)
                prepared = prepared.select(fitting)
            kept[name] = prepared
        _require_few(self.name, long, sum(len(rows) for rows in whole.values()), limit, settings.most_dropped)
        return kept, {TOO_LONG: long} if long else {}

    def _sized(self, row: Mapping[str, Any], *, tokenizer: Any) -> dict[str, int]:
        return {"_tokens": self.tokens(row, tokenizer)}

    def _trainer(self, job: Job, settings: Any, config: Any, tokenizer: Any, splits: Mapping[str, Any]) -> Any:
        from openmed_data.training.callbacks import Follower

        kind: Any = getattr(import_module("trl"), self.trainer_class)
        evaluates = str(getattr(config.eval_strategy, "value", config.eval_strategy)) != "no"
        own = self.own_arguments(settings)
        return kind(
            model=str(job.model),
            args=config,
            train_dataset=splits["train"],
            eval_dataset=splits["validation"] if evaluates else None,
            processing_class=tokenizer,
            callbacks=[
                Follower(job.folder, 1 if settings.checkpoints is None else settings.checkpoints),
                *own.pop("callbacks", []),
            ],
            **_adapters(settings),
            **own,
        )


def _require_few(stage: str, long: int, total: int, limit: int | None, most: float) -> None:
    if long == total:
        raise GateError(f"every row has more than {limit} tokens; none is left to train {stage} on")
    if long / total > most:
        raise GateError(
            f"{long:,} of {total:,} rows have more than {limit} tokens and would be left out, {long / total:.1%}; the "
            f"recipe allows {most:.1%}",
            hint=f"Raise the length, or say that it is meant: --set {stage}.most_dropped={long / total + 0.01:.2f}",
        )


def _tokenizer(job: Job) -> tuple[Any, str]:
    """Return the tokenizer with the template to train with, and where that is from."""
    tokenizer = _tokenizer_of(job.model)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    chosen = choose(tokenizer, job.chat_template)
    tokenizer.chat_template = chosen.text
    return tokenizer, chosen.name


def _tokenizer_of(model: Path) -> Any:
    transformers: Any = import_module("transformers")
    return transformers.AutoTokenizer.from_pretrained(str(model))


def _load(job: Job, columns: Sequence[str]) -> Mapping[str, Any]:
    datasets: Any = import_module("datasets")
    if job.kind is None:
        raise UsageError(f"{job.stage} has no dataset")
    every: Any = datasets.Features.from_arrow_schema(schema(job.kind))
    features = datasets.Features({name: every[name] for name in columns})
    files = {split: [str(path) for path in paths] for split, paths in job.data.items()}
    cache = str(job.folder / CACHE)
    return datasets.load_dataset("parquet", data_files=files, columns=list(columns), features=features, cache_dir=cache)


def _adapters(settings: TrainerSettings) -> dict[str, Any]:
    """Return the trainer's arguments for LoRA and QLoRA."""
    if settings.lora is None:
        return {}
    peft: Any = import_module("peft")
    asked = settings.lora
    modules = asked.target_modules if isinstance(asked.target_modules, str) else list(asked.target_modules)
    adapter = peft.LoraConfig(
        r=asked.r,
        lora_alpha=asked.alpha,
        lora_dropout=asked.dropout,
        target_modules=modules,
        task_type="CAUSAL_LM",
    )
    if not asked.four_bit:
        return {"peft_config": adapter}
    transformers: Any = import_module("transformers")
    four_bit = transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype="bfloat16",
    )
    return {"peft_config": adapter, "quantization_config": four_bit}


def save(trainer: Any, job: Job, settings: TrainerSettings) -> None:
    """Save the whole model to `PARTIAL`; adapters are merged into the weights that they were trained on."""
    place = job.folder / PARTIAL
    if settings.lora is None:
        trainer.save_model(str(place))
    else:
        trainer.save_model(str(job.folder / ADAPTER))
    trainer.accelerator.wait_for_everyone()
    if not trainer.accelerator.is_main_process:
        return
    if settings.lora is not None:
        _merge(job.folder / ADAPTER, place, settings.dtype)
        trainer.processing_class.save_pretrained(str(place))
    _stop_where_turns_end(place, trainer.processing_class)
    for folder in (place, job.folder / ADAPTER):
        (folder / "training_args.bin").unlink(missing_ok=True)  # a pickle, with paths of this machine


def _stop_where_turns_end(model: Path, tokenizer: Any) -> None:
    """Let generation stop at the token that the template ends a turn with, which need not be the tokenizer's own.

    GRPO takes a completion that ends otherwise for one that was cut.
    """
    path = model / restoring.NAME
    held: dict[str, Any] = json.loads(path.read_bytes()) if path.is_file() else {}
    stops = [tokenizer.eos_token_id, stop_token(tokenizer)]
    made = restoring.completed(held, json.loads((model / "config.json").read_bytes()), stops)
    path.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")


def _merge(adapter: Path, place: Path, dtype: str) -> None:
    peft: Any = import_module("peft")
    model = peft.AutoPeftModelForCausalLM.from_pretrained(str(adapter), dtype=dtype)
    model.merge_and_unload().save_pretrained(str(place))
