"""Keys and tokens that open something, told by the forms that their makers publish.

The forms are those that their makers document for secret scanning (GitHub, AWS, Slack, Google, OpenAI, Anthropic,
Hugging Face, Stripe), JSON Web Tokens (RFC 7519) and PEM blocks (RFC 7468). The check `phi` looks for identifiers of
persons and has no class for these.
"""

import re

_FORMS = {
    "GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_\w{50,}",
    "AWS access key": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "Slack token": r"\bxox[abprs]-[A-Za-z0-9-]{20,}",
    "Google key": r"\bAIza[\w-]{35}\b",
    "API key": r"\bsk-(?:ant-|proj-|live-)?[A-Za-z0-9_-]{24,}|\b[sr]k_live_[A-Za-z0-9]{20,}",
    "Hugging Face token": r"\bhf_[A-Za-z0-9]{30,}\b",
    "JSON Web Token": r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}",
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
}
# One look for what every form begins with spares texts without any from the rest.
BEGINNING = r"gh[pousr]_|github_pat_|AKIA|ASIA|xox[abprs]-|AIza|[sr]k-|[sr]k_live|hf_|eyJ|-----BEGIN"
_BEGINS = re.compile(BEGINNING)
_COMPILED = {name: re.compile(form) for name, form in _FORMS.items()}


def secret_in(text: str) -> str | None:
    """Return what kind of secret `text` holds, never the secret itself; None where there is none.

    Examples
    --------
    >>> secret_in("the key is AKIA" + "ABCDEFGHIJKLMNOP"), secret_in("ask-for-help")
    ('AWS access key', None)
    """
    if not _BEGINS.search(text):
        return None
    return next((name for name, form in _COMPILED.items() if form.search(text)), None)
