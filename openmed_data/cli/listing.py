"""`openmed-data list`: what is installed."""

from openmed_data.console import Cell, Console, Styled, Table
from openmed_data.errors import UsageError

from .app import command


@command("list", "openmed-data list", "openmed-data list --json")
def list_parts(console: Console) -> None:
    """List the datasets, checks and stages installed here."""
    from openmed_data.registry import BUILDERS, CHECKS, STAGES, Room, find, names

    def summary(room: Room, name: str) -> str:
        try:
            return str(find(room, name).summary)
        except UsageError as error:
            return f"({error})"

    rooms = (("datasets", BUILDERS), ("checks", CHECKS), ("stages", STAGES))
    found = {title: {name: summary(room, name) for name in names(room)} for title, room in rooms}
    if console.as_json:
        console.json(found)
        return
    rows: list[tuple[Cell, ...]] = [
        (Styled(name, "bold"), title.removesuffix("s"), what)
        for title, parts in found.items()
        for name, what in parts.items()
    ]
    console.table(Table(("NAME", "IS A", "WHAT IT IS"), rows))
    first = next(iter(found["datasets"]), None)
    if first:
        console.next_step(f"openmed-data describe {first}", "its sources, options and reasons for rejecting rows")
