"""How a reply refuses, or says that a language model gave it; and how one declines that no tool of its fits."""

import re
from collections.abc import Iterable

# In the syntax that Python's `re` and polars share.
REFUSAL = (
    r"(?i)\bas an? (?:ai|artificial intelligence|large language model|language model)\b"
    r"|\bI(?:'m| am) (?:just |only )?an? (?:ai|language model|virtual assistant|chatbot)\b"
    r"|^[\s*_#>-]*(?:I(?:'m| am) (?:very |so |really )?sorry|sorry|my apologies|I apologi[sz]e|unfortunately)"
    r"[^.\n]{0,40}?"
    r"\bI(?:'m| am)? ?(?:can ?not|can't|could not|couldn't|unable to|not able to|won't(?: be able to)?|don't have)"
    r"[^.\n]{0,20}?\b(?:answer|help|assist|provide|give|offer|comply|fulfil|discuss|diagnose|access|continue)"
    r"|^[\s*_#>-]*I(?:'m| am)? (?:can ?not|can't|won't|unable to|not able to) "
    r"(?:answer|help|assist|provide|give|offer|comply|fulfil|discuss|diagnose)"
)

_REFUSAL = re.compile(REFUSAL)
_SENTENCE_ENDS = re.compile(r"[.!?\n]")
_WORD = re.compile(r"[a-z0-9]+")
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_STEM = 5  # letters by which forms of a word are known for one: calculate, calculating


def offers_a_tool(reply: str, tools: Iterable[str]) -> bool:
    """Return whether a reply that refuses goes on to name what one of its tools does.

    To decline what no tool can do, and to say what they can, is what a model with tools must learn. A name of one word
    says too little; and the sentence that refuses may name the very tool that would have done it.

    Parameters
    ----------
    tools
        Names of the tools that it has.

    Examples
    --------
    >>> offers_a_tool("I'm sorry, but I can't help with flights. I can calculate a discount.", ["calculate_discount"])
    True
    >>> offers_a_tool("I'm sorry, but I can't help with calculating a discount.", ["calculate_discount"])
    False
    """
    refused = _REFUSAL.search(reply)
    ends = _SENTENCE_ENDS.search(reply, refused.end()) if refused else None
    words = _WORD.findall(reply[ends.end() :].lower()) if ends else []
    named = [[part.lower()[:_STEM] for part in _PART.findall(name)] for name in tools]
    return any(
        len(stems) > 1 and all(any(word.startswith(stem) for word in words) for stem in stems) for stems in named
    )
