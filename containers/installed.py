# ruff: noqa: INP001  (run by itself, inside the container)
"""Print every installed package with its version, as constraints: what an image brought must stay as it is."""

from importlib.metadata import distributions


def constraints() -> list[str]:
    """Return ``name==version`` of each package, local versions such as ``+rocm7.2`` included."""
    found = {(one.name or "").lower(): f"{one.name}=={one.version}" for one in distributions()}
    return [found[name] for name in sorted(found) if name]


if __name__ == "__main__":
    print("\n".join(constraints()))  # noqa: T201
