"""Hub datasets as sources, always at a commit."""

import errno
from collections.abc import Sequence
from pathlib import Path

from openmed_data.errors import SourceError
from openmed_data.hub.names import repo_id
from openmed_data.sources.resolve import READABLE, Source, SourceFile, Upstream, data_suffix, declared_split

TIMEOUT_SECONDS = 10.0
# What the cache of the Hub's client can fail with; no network does.
_OF_THE_DISK = {errno.EACCES, errno.EDQUOT, errno.EEXIST, errno.ENOSPC, errno.ENOTDIR, errno.EPERM, errno.EROFS}


def fetch(text: str, *, upstream: Upstream, readable: Sequence[str] = READABLE) -> Source:
    """Download the data files of ``OWNER/NAME[@REVISION]`` and return them as a source at that commit.

    A branch or tag is resolved to its commit first, so that what is recorded can be fetched again. Files of splits
    that the upstream does not offer for training are left alone.

    Raises
    ------
    SourceError
        The Hub cannot be reached, or the repository, revision or data files do not exist.
    """
    repo, revision = repository_named(text, upstream)
    known = repo == upstream.repo
    commit, names, license_id = look_up(repo, revision or (upstream.revision if known else "main"))
    wanted = _data_files(names, upstream.splits if known else (), readable)
    if not wanted:
        raise SourceError(
            f"hub:{repo}@{commit} holds no data file that can be read", hint=f"Expected one of {', '.join(readable)}."
        )
    files = tuple(SourceFile(download(repo, commit, name), name, declared_split(name)) for name in wanted)
    license_id = license_id or (upstream.license if known else "unknown")
    return Source(name=repo, files=files, license=license_id, repo=repo, revision=commit)


def repository_named(text: str, upstream: Upstream) -> tuple[str, str]:
    """Return repository and revision of ``OWNER/NAME[@REVISION]``; the revision is empty where none is given.

    Raises
    ------
    UsageError
        It names no repository.

    Examples
    --------
    >>> repository_named("owner/name@v1", Upstream(repo="a/b", license="mit", homepage=""))
    ('owner/name', 'v1')
    """
    repo, _, revision = text.partition("@")
    hint = "Write hub:OWNER/NAME or hub:OWNER/NAME@REVISION."
    return repo_id(repo or upstream.repo, hint=hint), revision


def look_up(repo: str, revision: str) -> tuple[str, list[str], str | None]:
    """Return commit, names of all files and stated licence of a dataset repository; fails at once without a network.

    Raises
    ------
    SourceError
        The Hub cannot be reached, or repository or revision do not exist.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        info = HfApi().dataset_info(repo, revision=revision, timeout=TIMEOUT_SECONDS)
    except RevisionNotFoundError as error:
        raise SourceError(f"hub:{repo} has no revision '{revision}'", hint="Name a commit, tag or branch.") from error
    except RepositoryNotFoundError as error:
        raise SourceError(
            f"hub:{repo} does not exist or is not visible to you",
            hint="Check the name; for a private one: hf auth login",
        ) from error
    except HfHubHTTPError as error:
        raise _unreachable(repo, str(error).splitlines()[0]) from error
    except Exception as error:  # the client lets its transport's own errors through
        if not _is_transport_error(error):
            raise
        raise _unreachable(repo, type(error).__name__) from error
    card = info.card_data.to_dict() if info.card_data else {}
    names = sorted(sibling.rfilename for sibling in info.siblings or [])
    license_id = card.get("license")
    return str(info.sha), names, license_id if isinstance(license_id, str) else None


def download(repo: str, commit: str, name: str) -> Path:
    """Return where a file of a commit lies, in the client's cache; fetched if it is not there yet.

    Raises
    ------
    SourceError
        The Hub cannot be reached.
    """
    from huggingface_hub import hf_hub_download  # pyright: ignore[reportUnknownVariableType]

    try:
        path: str = hf_hub_download(repo, name, repo_type="dataset", revision=commit, etag_timeout=TIMEOUT_SECONDS)
        return Path(path)
    except Exception as error:
        if not _is_transport_error(error):
            raise
        raise _unreachable(repo, f"{name}: {type(error).__name__}") from error


def _is_transport_error(error: Exception) -> bool:
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
        return False
    # The client's transport is httpx before version 2 and httpx2 since; neither is a dependency of ours.
    return type(error).__module__.startswith("httpx") or isinstance(
        error, OSError | OfflineModeIsEnabled | LocalEntryNotFoundError | HfHubHTTPError
    )


def _unreachable(repo: str, detail: str) -> SourceError:
    return SourceError(
        f"hub:{repo} cannot be reached ({detail})",
        hint="Give --source PATH for a local copy, or --source sample for the bundled one.",
    )


def _data_files(names: Sequence[str], splits: tuple[str, ...], readable: Sequence[str]) -> list[str]:
    found = [name for name in names if data_suffix(Path(name)) in readable and not name.startswith(".")]
    in_data = [name for name in found if name.startswith("data/")] or found
    return [name for name in in_data if not splits or declared_split(name) in {*splits, None}]
