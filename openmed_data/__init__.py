"""Training data for medical language models that carries its own evidence."""

from openmed_data._version import __version__

__all__ = ["__version__"]
