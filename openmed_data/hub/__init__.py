"""Builds on the Hugging Face Hub: push whole or not at all, pull and verify.

``huggingface_hub`` is imported by the functions that need it, not with this package.
"""

from openmed_data.hub.pull import Pulled, open_hub, pull
from openmed_data.hub.push import Pushed, push

__all__ = ["Pulled", "Pushed", "open_hub", "pull", "push"]
