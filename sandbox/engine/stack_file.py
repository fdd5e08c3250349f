"""A stack's file `Pulumi.<stack>.yaml` as it is changed: one setting at a time, comments and order kept."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from sandbox.engine.declarations import full_key
from sandbox.engine.errors import ProjectInvalid
from sandbox.engine.yaml import load_yaml

_BARE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./:+=-]*")
"""Texts that every YAML reader takes for texts; all others are quoted."""


class StackFile:
    """The file's text, changed in memory until `save`. A file that is not there is empty.

    The official CLI writes the same keys: `config` with full keys, `{secure: v1:…}` for secrets, and
    `encryptionsalt`.
    """

    def __init__(self, path: Path, project: str) -> None:
        self._path = path
        self._project = project
        self._text = ""
        if path.is_file():
            load_yaml(path)  # for its errors, which name the line
            self._text = path.read_text(encoding="utf-8")

    def set(self, key: str, value: Any) -> None:
        """Sets a setting, by its full key, to what YAML can hold."""
        entries = self._config()
        for name, node in self._pairs(entries):
            if full_key(name.value, self._project) == key:
                self._splice(name.start_mark.index, _end(node), _dumped(name.value, value, _column(name)))
                return
        if entries is None:
            self._append(f"config:\n  {_dumped(key, value, 2)}\n")
        elif not entries.value:
            self._splice(entries.start_mark.index, entries.end_mark.index, f"\n  {_dumped(key, value, 2)}")
        else:
            name, node = entries.value[-1]
            column = _column(name)
            self._splice(_end(node), _end(node), "", f"{' ' * column}{_dumped(key, value, column)}\n")

    def remove(self, key: str) -> bool:
        """Removes a setting; whether it was there."""
        for name, node in self._pairs(self._config()):
            if full_key(name.value, self._project) == key:
                begin = self._text.rfind("\n", 0, name.start_mark.index) + 1
                end = self._text.find("\n", _end(node))
                self._text = self._text[:begin] + (self._text[end + 1 :] if end >= 0 else "")
                return True
        return False

    def keep_salt(self, salt: str) -> None:
        """Writes `encryptionsalt` unless the file has one."""
        if not any(name.value == "encryptionsalt" for name, _ in self._pairs(self._root())):
            self._text = f"encryptionsalt: {salt}\n{self._text}"

    def save(self) -> None:
        """Writes the file, whole or not at all."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_name(f".{self._path.name}.{os.getpid()}.new")
        fresh.write_text(self._text, encoding="utf-8")
        fresh.replace(self._path)

    def _root(self) -> yaml.MappingNode | None:
        root = yaml.compose(self._text, Loader=yaml.SafeLoader)
        if root is None:
            return None
        if not isinstance(root, yaml.MappingNode):
            raise ProjectInvalid(self._path, "it must be a mapping, with the settings under 'config'")
        return root

    def _config(self) -> yaml.MappingNode | None:
        """The mapping of settings; as a block, since a flow has no place for another line."""
        for name, node in self._pairs(self._root()):
            if name.value != "config":
                continue
            if isinstance(node, yaml.MappingNode) and not node.flow_style:
                return node
            if isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null"):
                return yaml.MappingNode(node.tag, [], node.start_mark, node.end_mark)
            if not isinstance(node, yaml.MappingNode):
                raise ProjectInvalid(self._path, "'config' must be a mapping")
            plain = yaml.safe_load(self._text[node.start_mark.index : node.end_mark.index])
            lines = [f"  {_dumped(str(key), value, 2)}" for key, value in plain.items()]
            self._splice(node.start_mark.index, node.end_mark.index, "".join(f"\n{line}" for line in lines))
            return self._config()
        return None

    def _pairs(self, mapping: yaml.MappingNode | None) -> Iterator[tuple[Any, Any]]:
        for name, node in mapping.value if mapping is not None else ():
            if node.start_mark.index < name.end_mark.index:
                raise ProjectInvalid(self._path, f"'{name.value}' is a YAML alias: change it by hand")
            yield name, node

    def _append(self, text: str) -> None:
        gap = "" if not self._text or self._text.endswith("\n") else "\n"
        self._text += gap + text

    def _splice(self, begin: int, end: int, text: str, next_lines: str = "") -> None:
        """Puts `text` in the place of what stands from `begin` to `end`, and lines after that line."""
        rest = self._text[end:]
        if next_lines:
            line, _, rest = rest.partition("\n")
            rest = f"{line}\n{next_lines}{rest}"
        self._text = self._text[:begin] + text + rest


def _column(name: Any) -> int:
    return int(name.start_mark.column)


def _end(node: Any) -> int:
    """Where a value ends, without the comments and the blank lines that follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(node, yaml.MappingNode) else last)
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        text = node.end_mark.buffer[: node.end_mark.pointer] if node.end_mark.buffer else ""
        return int(node.end_mark.index) - (len(text) - len(text.rstrip()))
    return int(node.end_mark.index)


class _Dumper(yaml.SafeDumper):
    """Writes texts so that YAML 1.1 and 1.2 read them alike."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if _BARE.fullmatch(text) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _text)


def _dumped(key: str, value: Any, column: int) -> str:
    """`key: value`, its further lines indented by `column`; no newline at the end."""
    text: str = yaml.dump({key: value}, Dumper=_Dumper, allow_unicode=True, width=10**9, sort_keys=True)
    return text.rstrip("\n").replace("\n", "\n" + " " * column)
