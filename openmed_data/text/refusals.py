"""How a reply refuses, or says that a language model gave it."""

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
