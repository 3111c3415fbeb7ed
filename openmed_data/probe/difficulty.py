"""How often a model solves each prompt: from recorded rollouts, or from a model behind an OpenAI-compatible endpoint.

A prompt that is always or never solved gives GRPO no advantage to learn from; the pass rate says which those are.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import polars as pl

from openmed_data.answers import Gold, reader_for, verify
from openmed_data.errors import Problem, SourceError
from openmed_data.llm import ChatRequest, Endpoint, Ledger, Store, complete, key_of, written
from openmed_data.probe.items import golds_of, problem
from openmed_data.progress import Progress
from openmed_data.rewards.completion import Completion, text_of


def pass_rates_from_rollouts(prompts: pl.DataFrame, rollouts: Path) -> pl.DataFrame:
    """Return the pass rate of every prompt from recorded rollouts.

    Parameters
    ----------
    prompts
        Rows of a ``rewards`` dataset: id, answer, answer_type, choices, answer_label, accepted_answers.
    rollouts
        JSON lines, each with ``id`` and either ``completion`` (a string or messages) or ``completions`` (a list).

    Returns
    -------
    polars.DataFrame
        id (String), n (UInt32, completions seen), pass_rate (Float64, null where n is 0 or the gold cannot be
        verified), in the order of ``prompts``.

    Raises
    ------
    SourceError
        Lines are no rollouts, or name no prompt, or a prompt's answer cannot be read; all of them are listed.
    """
    known = set(prompts["id"].to_list())
    completions: dict[str, list[str]] = defaultdict(list)
    problems: list[Problem] = []
    with rollouts.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    identity, texts = _rollout(line, known)
                    completions[identity] += texts
                except ValueError as error:
                    problems.append(problem(rollouts.name, number, error))
    if problems:
        hint = "Each line is an object of `id` and `completion`, or `completions`."
        raise SourceError(f"'{rollouts}' has {len(problems)} lines that are no rollouts", problems, hint=hint)
    return _pass_rates(prompts, completions)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How many completions are asked for each prompt, and how."""

    samples: int = 8
    temperature: float = 1.0
    max_tokens: int = 512


def pass_rates_from_endpoint(
    prompts: pl.DataFrame,
    endpoint: Endpoint,
    store: Path,
    progress: Progress,
    sampling: Sampling = Sampling(),
) -> pl.DataFrame:
    """Return the pass rate of every prompt over completions of a served model; one that was refused does not count.

    Parameters
    ----------
    prompts
        As in :func:`pass_rates_from_rollouts`, with ``prompt`` (a list of messages of role and content, or a string).
    store
        Where completions are kept until all have come: a call that was broken off goes on from there. It is known by
        the model's name, so remove it before another model of that name is asked.

    Raises
    ------
    UsageError, BuildError
        As `openmed_data.llm.complete`.
    SourceError
        A prompt's answer cannot be read.
    """
    asked = [
        (identity, ChatRequest(_messages(prompt), sampling.max_tokens, sampling.temperature, seed))
        for identity, prompt in prompts.select("id", "prompt").iter_rows()
        for seed in range(sampling.samples)
    ]
    completions: dict[str, list[str]] = defaultdict(list)
    with Store(store) as answers:
        complete(endpoint, [request for _, request in asked], answers, Ledger(), progress, "sampling completions")
        for identity, request in asked:
            stored = answers.get(key_of(endpoint.body(request)))
            text = stored and written(stored)
            completions[identity] += [] if text is None else [text]
    return _pass_rates(prompts, completions)


def _rollout(line: bytes, known: set[str]) -> tuple[str, list[str]]:
    row = cast("dict[str, Any]", json.loads(line))
    identity = row.get("id") if isinstance(row, dict) else None  # pyright: ignore[reportUnnecessaryIsInstance]
    if not isinstance(identity, str):
        raise ValueError("no id; expected an object with an id, a text")  # noqa: TRY004  (collected with all others)
    if identity not in known:
        raise ValueError(f"the id {identity!r}; expected that of a prompt")
    found = row["completions"] if "completions" in row else [row.get("completion")]
    if not isinstance(found, list) or not all(_is_completion(one) for one in cast("list[Any]", found)):
        raise ValueError("no completion; expected completion, a text or messages, or completions, a list of them")
    return identity, [text_of(one) for one in cast("list[Completion]", found)]


def _is_completion(found: Any) -> bool:
    """Say whether JSON is a string, or a list of messages whose content is text, parts or nothing."""
    if not isinstance(found, list):
        return isinstance(found, str)
    messages = cast("list[Any]", found)
    return all(
        isinstance(message, dict) and isinstance(cast("dict[str, Any]", message).get("content"), str | list | None)
        for message in messages
    )


def _messages(prompt: str | Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if isinstance(prompt, str):
        return [{"role": "user", "content": prompt}]
    return [{"role": message["role"], "content": message["content"]} for message in prompt]


def _pass_rates(prompts: pl.DataFrame, completions: Mapping[str, list[str]]) -> pl.DataFrame:
    identities = cast("list[str]", prompts["id"].to_list())
    rates = [
        _pass_rate(completions.get(one, []), gold) for one, gold in zip(identities, golds_of(prompts), strict=True)
    ]
    counts = [len(completions.get(one, [])) for one in identities]
    schema = {"id": pl.String, "n": pl.UInt32, "pass_rate": pl.Float64}
    return pl.DataFrame({"id": identities, "n": counts, "pass_rate": rates}, schema=schema)


def _pass_rate(texts: Iterable[str], gold: Gold) -> float | None:
    verdicts = [verify(text, gold) is True for text in texts]
    return sum(verdicts) / len(verdicts) if verdicts and reader_for(gold) else None
