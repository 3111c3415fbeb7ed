"""Before a run on Ray: every node runs the same versions, and sees the folder that the run writes to."""

import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from openmed_data._version import __version__
from openmed_data.errors import UsageError

# What a node's bytes depend on.
_LIBRARIES = ("numpy", "polars", "pyarrow")
_SECONDS_TO_APPEAR = 20.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What one node says of itself, and the file that it wrote."""

    node: str
    versions: tuple[tuple[str, str], ...]
    marker: Path
    error: str = ""


def require_alike(ray: Any, folder: Path) -> None:
    """Let every node write a file into `folder` and compare versions.

    Raises
    ------
    UsageError
        A node does not see the folder, or runs other versions; all such nodes are named.
    """
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    probe = ray.remote(num_cpus=0, max_retries=1)(_probe)
    nodes = [(node["NodeID"], node["NodeManagerAddress"]) for node in ray.nodes() if node["Alive"]]
    replies = [
        probe.options(scheduling_strategy=NodeAffinitySchedulingStrategy(key, soft=False)).remote(
            address, folder.absolute() / f"node-{key}"
        )
        for key, address in nodes
    ]
    require_replies(ray.get(replies))


def require_replies(replies: list[Reply]) -> None:
    """Raise `UsageError` where a reply tells of another version, or its file does not appear here."""
    until = time.monotonic() + _SECONDS_TO_APPEAR
    while not all(_there(reply) for reply in replies) and time.monotonic() < until:
        time.sleep(0.2)  # network file systems show a new file late
    unseen = [f"  {one.node}: {one.error or 'its file does not appear here'}" for one in replies if not _there(one)]
    if unseen:
        folder = replies[0].marker.parents[1]
        raise UsageError(
            "\n".join([f"'{folder}' is not shared by all nodes of the cluster:", *unseen]),
            hint="Choose an --out on storage that every node mounts at the same path.",
        )
    here = _versions()
    unlike = [
        f"  {one.node}: {name} {found}, here {wanted}"
        for one in replies
        for (name, found), (_, wanted) in zip(one.versions, here, strict=True)
        if found != wanted
    ]
    if unlike:
        raise UsageError(
            "\n".join(["nodes of the cluster run other versions, which may write other bytes:", *unlike]),
            hint="Install the same versions on every node.",
        )


def _there(reply: Reply) -> bool:
    return not reply.error and reply.marker.exists()


def _probe(node: str, marker: Path) -> Reply:
    try:
        marker.touch()
    except OSError as error:
        return Reply(node, _versions(), marker, f"{error.strerror}")
    return Reply(node, _versions(), marker)


def _versions() -> tuple[tuple[str, str], ...]:
    return (("openmed-data", __version__), *((name, version(name)) for name in _LIBRARIES))
