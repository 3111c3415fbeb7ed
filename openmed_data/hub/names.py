"""How repositories are named."""

from openmed_data.errors import UsageError


def repo_id(text: str, repo_type: str = "dataset", *, hint: str = "Write OWNER/NAME.") -> str:
    """Return ``OWNER/NAME`` for what a user names.

    Raises
    ------
    UsageError
        It names no repository.

    Examples
    --------
    >>> repo_id("hub:owner/name")
    'owner/name'
    """
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    name = text.removeprefix("hub:").removeprefix(f"{repo_type}s/")
    try:
        validate_repo_id(name)
    except HFValidationError:
        name = ""
    if name.count("/") != 1:
        raise UsageError(f"'{text}' names no Hub {repo_type}", hint=hint)
    return name
