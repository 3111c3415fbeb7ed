"""Which of a trainer's logs are drawn, and what in them a person should look at."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openmed_data.report.plots import Plot
from openmed_data.training.report.curves import Curve, Log, curve, draw, number, short

# A stage that learnt from so few of its groups, or wrote so many completions to the limit, was mostly idle.
_MOST_IDLE = 0.5
_IDLE = {
    "frac_reward_zero_std": "groups had one reward for every completion, so that nothing could be learnt from them",
    "completions/clipped_ratio": "completions were cut at the length limit",
}


@dataclass(frozen=True, slots=True)
class Panel:
    """A drawing: its title, what to see in it, and the key of each curve."""

    title: str
    meaning: str
    keys: Mapping[str, str]
    spread: str | None = None


# What a stage is for comes first: GRPO's loss, for one, is no measure of progress.
_PANELS = (
    Panel("reward", "weighted sum, with one standard deviation to either side", {"reward": "reward"}, "reward_std"),
    Panel(
        "spread of rewards",
        "standard deviation of the reward; groups without any teach nothing",
        {"deviation": "reward_std", "share of groups without": "frac_reward_zero_std"},
    ),
    Panel("margin", "preference for the chosen reply, over that of the reference", {"margin": "rewards/margins"}),
    Panel(
        "preference accuracy",
        "share of pairs whose chosen reply has the higher reward",
        {"train": "rewards/accuracies", "held out": "eval_rewards/accuracies"},
    ),
    Panel(
        "implicit rewards",
        "both falling means that the policy moves away from all it was shown",
        {"chosen": "rewards/chosen", "rejected": "rewards/rejected"},
    ),
    Panel("log-probabilities", "of whole replies", {"chosen": "logps/chosen", "rejected": "logps/rejected"}),
    Panel("loss", "of the rows trained on, and of held-out ones", {"train": "loss", "held out": "eval_loss"}),
    Panel(
        "token accuracy",
        "share of trained tokens that the model would have chosen",
        {"train": "mean_token_accuracy", "held out": "eval_mean_token_accuracy"},
    ),
    Panel("divergence", "KL from the reference model", {"KL": "kl"}),
    Panel(
        "completion length",
        "tokens",
        {"all": "completions/mean_length", "finished": "completions/mean_terminated_length"},
    ),
    Panel("cut completions", "share that reached the length limit", {"cut": "completions/clipped_ratio"}),
    Panel("entropy", "of the policy's next token, in nats", {"entropy": "entropy"}),
    Panel("gradient norm", "before clipping", {"norm": "grad_norm"}),
    Panel("learning rate", "", {"rate": "learning_rate"}),
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A panel as it stands on the page.

    Attributes
    ----------
    change
        For a single curve: the means of its first and last tenth.
    """

    plot: Plot
    meaning: str
    change: str


def panels(logs: Sequence[Mapping[str, Any]]) -> list[Drawn]:
    """Return a drawing of everything in the logs that a person looks at; nothing for what they do not hold."""
    found = [drawn for panel in _PANELS if (drawn := _draw(panel, logs)) is not None]
    parts = _reward_parts(logs)
    place = next((number + 1 for number, drawn in enumerate(found) if drawn.plot.title == "reward"), len(found))
    return [*found[:place], *([parts] if parts else []), *found[place:]]


def remarks(logs: Sequence[Log]) -> Iterator[str]:
    """Yield what in the logs of a stage looks wrong, each with its figure.

    Examples
    --------
    >>> list(remarks([{"step": 1, "frac_reward_zero_std": 1.0}, {"step": 2, "frac_reward_zero_std": 0.8}]))
    ['90% of the groups had one reward for every completion, so that nothing could be learnt from them.']
    """
    for key in ("loss", "grad_norm"):
        bad = [log["step"] for log in logs if key in log and not math.isfinite(number(log[key]))]
        if bad:
            yield f"{key} was not finite in {len(bad)} of {len(logs)} logs, first at step {bad[0]:,}."
    for key, words in _IDLE.items():
        values = [value for log in logs if key in log and math.isfinite(value := number(log[key]))]
        if values and sum(values) / len(values) > _MOST_IDLE:
            yield f"{sum(values) / len(values):.0%} of the {words}."
    yield from _wrong_ways(logs)


def _wrong_ways(logs: Sequence[Log]) -> Iterator[str]:
    """Yield the figures that ended on the wrong side of where they began."""
    for key, up in (("loss", False), ("rewards/margins", True), ("reward", True)):
        if key == "loss" and any("reward" in log or "rewards/margins" in log for log in logs):
            continue  # the loss of GRPO is no measure of progress, and the margin says the same as that of DPO
        found = curve(key, logs, key)
        if found and len(found.finite) >= 4 and (found.end < found.start) == up and found.end != found.start:
            yield f"{key} went from {short(found.start)} to {short(found.end)}."


def _draw(panel: Panel, logs: Sequence[Log]) -> Drawn | None:
    found = [curve(name, logs, key, panel.spread) for name, key in panel.keys.items()]
    return _drawn(panel.title, panel.meaning, [one for one in found if one is not None])


def _reward_parts(logs: Sequence[Log]) -> Drawn | None:
    """Draw each reward of GRPO; their names are the recipe's."""
    keys = dict.fromkeys(key for log in logs for key in log if key.startswith("rewards/") and key.endswith("/mean"))
    found = [curve(key.split("/")[1], logs, key) for key in keys]
    return _drawn("rewards, one by one", "mean over the completions, before weights", [one for one in found if one])


def _drawn(title: str, meaning: str, curves: Sequence[Curve]) -> Drawn | None:
    if not curves:
        return None
    names = tuple(one.name for one in curves) if len(curves) > 1 else ()
    change = f"{short(curves[0].start)} → {short(curves[0].end)}" if len(curves[0].finite) > 1 else ""
    return Drawn(Plot(title, draw(title, curves), names), meaning, change)
