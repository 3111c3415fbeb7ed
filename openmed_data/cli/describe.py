"""`openmed-data describe`: a dataset or a check before it is run."""

from typing import Annotated, Any

import typer

from openmed_data.console import Console, Styled, Table
from openmed_data.errors import UsageError

from .app import command

Name = Annotated[str, typer.Argument(metavar="NAME", help="A dataset or a check, as `openmed-data list` names it.")]


@command("describe", "openmed-data describe medmcqa-prefs", "openmed-data describe medmcqa-prefs --json")
def describe(console: Console, name: Name) -> None:
    """Show what a dataset or a check is, before it is run.

    Of a dataset: sources, options, checks and reasons for rejecting rows. Of a check: settings and what it can find.
    """
    from openmed_data.describe import describe_builder, describe_check
    from openmed_data.registry import BUILDERS, CHECKS, STAGES, find, names, nearest

    datasets, checks = names(BUILDERS), names(CHECKS)
    if name not in {*datasets, *checks}:
        stage = f"It is a stage: `openmed-data train {name} --help` tells of it." if name in names(STAGES) else ""
        hint = stage or nearest(name, [*datasets, *checks])
        raise UsageError(f"no dataset or check is called '{name}'", hint=hint)
    dataset = name in datasets
    facts = describe_builder(find(BUILDERS, name)) if dataset else describe_check(find(CHECKS, name))
    if console.as_json:
        console.json(facts)
    elif dataset:
        _builder(console, facts)
    else:
        _check(console, facts)


def _source(source: dict[str, Any]) -> list[tuple[str, str]]:
    if source["repo"] is None:  # made of what the user has, as a mixture is
        return [("source", "your own: --source PATH")]
    return [
        ("source", f"hub:{source['repo']}@{source['revision']}"),
        ("licence", source["license"]),
        ("splits", ", ".join(source["splits"])),
        ("homepage", source["homepage"]),
        ("sample", "bundled: --source sample" if source["sample"] else "none"),
    ]


def _columns(shapes: dict[str, list[str]]) -> list[tuple[str, str]]:
    if len(shapes) == 1:
        return [("columns", ", ".join(*shapes.values()))]
    listed = [f"of {shape}: {', '.join(columns)}" for shape, columns in shapes.items()]
    return [("columns", listed[0]), *(("", f"or {one}") for one in listed[1:])]


def _builder(console: Console, facts: dict[str, Any]) -> None:
    source = facts["source"]
    console.line(Styled(facts["name"], "bold"), f"  {facts['summary']}")
    console.line("")
    console.fields(
        [
            ("kind", facts["kind"]),
            *_source(source),
            *_columns(facts["columns"]["required"]),
            (
                "",
                f"optional: {', '.join(facts['columns']['optional'])}"
                if facts["columns"]["optional"]
                else "all needed",
            ),
        ]
    )
    _options(console, "Options, each given as --set NAME=VALUE", facts["options"])
    _codes(console, "Rows are rejected as", facts["reasons"])
    if facts["checks"]:
        _codes(console, "Checks that look at the result", facts["checks"])
    where = "--source sample" if source["sample"] else "--source PATH"
    console.next_step(f"openmed-data build {facts['name']} {where}", "make it")


def _check(console: Console, facts: dict[str, Any]) -> None:
    console.line(Styled(facts["name"], "bold"), f"  {facts['summary']}")
    console.line("")
    console.fields([("kinds", ", ".join(facts["kinds"]))])
    _options(console, f"Settings, each given to validate as --set {facts['name']}.NAME=VALUE", facts["settings"])
    _codes(console, "It can find", facts["codes"])
    console.next_step(f"openmed-data validate PATH --checks {facts['name']}", "run it alone")


def _options(console: Console, title: str, options: list[dict[str, str]]) -> None:
    if options:
        console.line("")
        console.line(Styled(title, "bold underline"))
        rows = [(Styled(one["name"], "cyan"), one["default"], one["type"], one["meaning"]) for one in options]
        console.table(Table(("NAME", "DEFAULT", "VALUES", "MEANING"), rows))


def _codes(console: Console, title: str, codes: dict[str, str]) -> None:
    if codes:
        console.line("")
        console.line(Styled(title, "bold underline"))
        console.fields(list(codes.items()))
