"""The YAML block that a card begins with, and the text after it."""

from typing import Any, cast

import yaml


def split(card: str) -> tuple[dict[str, Any], str]:
    r"""Return a card's metadata and its text; empty metadata where it begins with no block.

    Raises
    ------
    yaml.YAMLError
        The block is no YAML.

    Examples
    --------
    >>> split("---\nlicense: mit\n---\n\n# Title\n")
    ({'license': 'mit'}, '\n# Title\n')
    """
    if not card.startswith("---\n"):
        return {}, card
    block, _, text = card[4:].partition("\n---\n")
    found: Any = yaml.safe_load(block)
    return (cast(dict[str, Any], found) if isinstance(found, dict) else {}), text
