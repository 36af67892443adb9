"""bundle.toml: written by hand-made TOML (the standard library only reads it), every value checked on the way out."""

from __future__ import annotations

import json
import math


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} cannot go into a manifest")
        text = repr(value)
        return text if "." in text or "e" in text else f"{text}.0"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + "}"
    raise TypeError(f"{type(value)} cannot go into a manifest")


def _table(header: str, values: dict) -> list[str]:
    inner = [(key, value) for key, value in values.items() if isinstance(value, dict)]
    lines = [header, *(f"{key} = {_value(value)}" for key, value in values.items() if not isinstance(value, dict)), ""]
    for key, value in inner:
        lines += _table(f"[{header.strip('[]')}.{key}]", value)
    return lines


def to_toml(content: dict) -> str:
    """Write a dictionary of values, tables and lists of tables as TOML."""
    lines = [f"{key} = {_value(v)}" for key, v in content.items() if not _is_table(v)]
    lines.append("")
    for key, value in content.items():
        if isinstance(value, dict):
            lines += _table(f"[{key}]", value)
        elif _is_table(value):
            for one in value:
                lines += _table(f"[[{key}]]", one)
    return "\n".join(lines)


def _is_table(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))
