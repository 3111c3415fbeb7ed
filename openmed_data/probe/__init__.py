"""Probes: what rewards pay for, and how hard prompts are, found out before a training run."""

from openmed_data.probe.difficulty import Sampling, pass_rates_from_endpoint, pass_rates_from_rollouts
from openmed_data.probe.items import ProbeAnswer, ProbeItem, adversarial_answers, bundled_items, items_of
from openmed_data.probe.rewards import Paid, ProbeReport, probe_rewards

__all__ = [
    "Paid",
    "ProbeAnswer",
    "ProbeItem",
    "ProbeReport",
    "Sampling",
    "adversarial_answers",
    "bundled_items",
    "items_of",
    "pass_rates_from_endpoint",
    "pass_rates_from_rollouts",
    "probe_rewards",
]
