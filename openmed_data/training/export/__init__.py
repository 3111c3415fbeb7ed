"""A trained model as other people load it: bf16, a plain template, what generation needs, checked by loading it."""

from openmed_data.training.export.make import Exported, export

__all__ = ["Exported", "export"]
