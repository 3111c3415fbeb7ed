"""The model card: every figure comes from the records of the runs and from what the harness wrote."""

from openmed_data.training.model_card.evidence import Evidence, Stated, collect, load, save
from openmed_data.training.model_card.render import render

__all__ = ["Evidence", "Stated", "collect", "load", "render", "save"]
