"""Reward functions for GRPO, called as TRL calls them; nothing here imports torch.

``openmed_data.rewards.environment`` holds the same rewards as an environment for the ``verifiers`` library.
"""

from openmed_data.rewards.completion import Completion, Payment, Reward
from openmed_data.rewards.correct import correct_answer
from openmed_data.rewards.faithful import Faithful
from openmed_data.rewards.form import Brevity, NoRepetition, Overlong, answer_format
from openmed_data.rewards.weighted import Weighted, recipe_rewards

__all__ = [
    "Brevity",
    "Completion",
    "Faithful",
    "NoRepetition",
    "Overlong",
    "Payment",
    "Reward",
    "Weighted",
    "answer_format",
    "correct_answer",
    "recipe_rewards",
]
