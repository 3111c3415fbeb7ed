"""Rows as a person reads them: conversations by role, tool calls as calls, rejected rows with their reason."""

import json
from typing import TYPE_CHECKING, Any, cast

from openmed_data.console import Cell, Console, Styled

if TYPE_CHECKING:
    from openmed_data.show import Shown

_MOST_CHARACTERS = 1200
_PROVENANCE = ("source", "source_id", "license")
_STYLES = {"chosen": "green", "rejected": "red", "answer": "green"}


def print_row(console: Console, shown: "Shown", *, full: bool) -> None:
    """Print one row, or one rejected row with its reason and its record; texts are cut unless `full`."""
    rejection = "record" in shown.row and "reason" in shown.row
    where = f"rejected row {shown.number:,}" if rejection else f"row {shown.number:,} of {shown.split}"
    console.line(Styled(where, "bold"), Styled(f"  {shown.row['id']}" if "id" in shown.row else "", "dim"))
    pairs = _rejection(shown.row) if rejection else _row(shown.row, full=full)
    console.fields([(label, cell if full else _cut(cell)) for label, cell in pairs])


def _rejection(row: dict[str, Any]) -> list[tuple[str, Cell]]:
    record = cast(dict[str, Any], json.loads(row["record"]))
    made = row["level"] == "candidate"
    return [
        ("reason", Styled(row["reason"], "bold yellow")),
        ("what", "row of the source" if row["level"] == "source" else "row made of it, which a check took out"),
        ("because of", row["detail"] or ""),
        ("stands in", f"row {row['line']:,} of {row['file']}"),
        *(_row(record, full=False) if made else ((name, _value(one)) for name, one in record.items() if one)),
    ]


def _row(row: dict[str, Any], *, full: bool) -> list[tuple[str, Cell]]:
    pairs: list[tuple[str, Cell]] = []
    for name, value in row.items():
        if name == "id" or (name in _PROVENANCE and not full) or value in (None, "", []):
            continue
        if name == "tools":
            pairs.append((name, _tools(value)))
        elif _is_messages(value):
            pairs += _messages(name, value)
        elif not name.endswith("_label") or full:
            pairs.append((name, Styled(_value(value), _STYLES.get(name, ""))))
    return pairs


def _is_messages(value: Any) -> bool:
    if not isinstance(value, list) or not value:
        return False
    first: Any = cast(list[Any], value)[0]
    return isinstance(first, dict) and "role" in first


def _messages(name: str, messages: list[dict[str, Any]]) -> list[tuple[str, Cell]]:
    """Label the messages of a conversation by role, those of a reply by the column's name."""
    pairs: list[tuple[str, Cell]] = []
    for message in messages:
        role = str(message["role"])
        label = name if name in _STYLES else role
        calls = [_call(call) for call in cast(list[Any], message.get("tool_calls") or [])]
        text = "\n".join([*([str(message["content"])] if message.get("content") else []), *calls])
        if role == "tool" and message.get("name"):
            label = f"tool {message['name']}"
        pairs.append((label, Styled(_value(text), _STYLES.get(name, "magenta" if calls else ""))))
    return pairs


def _call(call: Any) -> str:
    """Return a tool call as a call, name(key=value, …), and one that is malformed as it stands."""
    whole = _object(call)
    function = _object(whole.get("function", whole))
    arguments = _object(function.get("arguments"))
    if "name" not in function:
        return f"→ {_value(call)}"
    inside = ", ".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in arguments.items())
    return f"→ {function['name']}({inside or _value(function.get('arguments') or '')})"


def _tools(value: Any) -> str:
    """Return tool schemas as signatures, one to a line."""
    lines: list[str] = []
    for tool in cast(list[dict[str, Any]], json.loads(value) if isinstance(value, str) else value):
        function = tool.get("function", tool)
        properties = function.get("parameters", {}).get("properties", {})
        inside = ", ".join(f"{name}: {facts.get('type', 'any')}" for name, facts in properties.items())
        lines.append(f"{function.get('name', '?')}({inside})  {function.get('description', '')}".rstrip())
    return "\n".join(lines)


def _object(value: Any) -> dict[str, Any]:
    """Return a JSON object given as itself or as its text, and an empty one for anything else."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            return {}
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _cut(cell: Cell) -> Cell:
    text, style = (cell.text, cell.style) if isinstance(cell, Styled) else (cell, "")
    if len(text) <= _MOST_CHARACTERS:
        return cell
    return Styled(f"{text[:_MOST_CHARACTERS]} … {len(text) - _MOST_CHARACTERS:,} more characters (--full)", style)
