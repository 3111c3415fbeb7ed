"""Training data for medical language models that carries its own evidence.

What a program needs is here; each name is imported when it is first used, so ``import openmed_data`` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from openmed_data._version import __version__

if TYPE_CHECKING:
    from openmed_data import errors
    from openmed_data.api import Built, build_dataset
    from openmed_data.dataset import Dataset, open_dataset

__all__ = ["Built", "Dataset", "__version__", "build_dataset", "errors", "open_dataset"]

_HOMES = {
    "Built": "openmed_data.api",
    "Dataset": "openmed_data.dataset",
    "build_dataset": "openmed_data.api",
    "open_dataset": "openmed_data.dataset",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562)."""
    if name == "errors":
        return import_module("openmed_data.errors")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'openmed_data' has no attribute '{name}'")


def __dir__() -> list[str]:
    """List the public names, whether imported yet or not."""
    return sorted({*globals(), *__all__})
