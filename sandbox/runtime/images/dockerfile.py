"""What does a Dockerfile say? Its instructions, joined over lines, with variables put in.

Source: https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

KNOWN = (
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "LABEL",
    "RUN",
    "USER",
    "WORKDIR",
)
"""The instructions that are understood; of these `RUN` is skipped."""

_VARIABLE = re.compile(
    r"\\(?P<escaped>\$)|\$(?:\{(?P<braced>\w+)(?::(?P<sign>[-+])(?P<word>(?:\$\{\w+\}|[^}])*))?\}|(?P<plain>\w+))"
)
_DIRECTIVE = re.compile(r"#\s*escape\s*=\s*(\S)", re.IGNORECASE)


class DockerfileError(Exception):
    """A Dockerfile that the sandbox cannot build: which line, what is wrong, what is understood."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"Dockerfile:{line}: {reason}")


@dataclass(frozen=True)
class Instruction:
    """One instruction: its name in capitals, its flags (`--from=x`), and the rest of its text."""

    line: int
    name: str
    flags: Mapping[str, str]
    text: str

    def refused(self, reason: str) -> DockerfileError:
        return DockerfileError(self.line, f"{self.name}: {reason}")


def instructions(text: str) -> Iterator[Instruction]:
    """The instructions of a Dockerfile, in order. Raises DockerfileError."""
    for number, logical in _logical_lines(text):
        word, _, rest = logical.partition(" ")
        name = word.upper()
        if name not in KNOWN:
            raise DockerfileError(
                number,
                f"{name} is not understood by the sandbox, which runs no containers; it understands "
                f"{', '.join(KNOWN)}",
            )
        if name != "RUN" and "<<" in rest:
            raise DockerfileError(number, f"{name}: here-documents are not understood by the sandbox")
        flags, rest = _flags(rest.strip())
        yield Instruction(number, name, flags, rest)


def substituted(text: str, variables: Mapping[str, str]) -> str:
    """The text with `$NAME`, `${NAME}`, `${NAME:-word}` and `${NAME:+word}` put in; others are empty."""

    def value(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        known = variables.get(match["braced"] or match["plain"], "")
        if match["sign"] == "-":
            return known or substituted(match["word"], variables)
        if match["sign"] == "+":
            return substituted(match["word"], variables) if known else ""
        return known

    return _VARIABLE.sub(value, text)


def exec_form(instruction: Instruction) -> list[str]:
    """The arguments of `ENTRYPOINT ["a", "b"]`. Raises DockerfileError for the shell form."""
    try:
        words = json.loads(instruction.text)
    except ValueError:
        words = None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise instruction.refused(
            f'only the exec form is understood, such as ["python3", "server.py"]; given: {instruction.text}'
        )
    return words


def words(instruction: Instruction, text: str) -> list[str]:
    """The words of `COPY a b c`, or of `COPY ["a", "b"]`. Raises DockerfileError."""
    if text.startswith("["):
        return exec_form(instruction)
    return _split(instruction, text)


def pairs(instruction: Instruction, text: str) -> dict[str, str]:
    """`A=1 B="two words"`, or the older `A one value`, as `ENV` and `LABEL` have it."""
    first = text.split(None, 1)
    if first and "=" not in first[0]:
        if len(first) < 2:
            raise instruction.refused(f"a value is missing: {text}")
        return {first[0]: first[1]}
    found = {}
    for word in _split(instruction, text):
        name, sign, value = word.partition("=")
        if not sign:
            raise instruction.refused(f"{word!r} is no NAME=VALUE")
        found[name] = value
    return found


def _split(instruction: Instruction, text: str) -> list[str]:
    try:
        return shlex.split(text, comments=False)
    except ValueError as error:
        raise instruction.refused(f"{error}: {text}") from error


def _flags(text: str) -> tuple[dict[str, str], str]:
    flags: dict[str, str] = {}
    while match := re.match(r"--([a-z-]+)(?:=(\S*))?\s+", text):
        flags[match[1]] = match[2] or "true"
        text = text[match.end() :]
    return flags, text


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Line number and text of each instruction: continued lines joined, comments and empty lines left out."""
    lines: Sequence[str] = text.splitlines()
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        at += 1
        if not line or line.startswith("#"):
            directive = _DIRECTIVE.match(line)
            if directive and directive[1] != "\\":
                raise DockerfileError(at, f"the escape character {directive[1]} is not understood: use \\")
            continue
        first, joined = at, ""
        while line.endswith("\\"):
            joined += line[:-1].rstrip() + " "
            line = ""
            while at < len(lines):
                line = lines[at].strip()
                at += 1
                if line and not line.startswith("#"):
                    break
                line = ""
        joined += line
        heredoc = re.search(r"<<-?\s*[\"']?(\w+)[\"']?", joined) if joined.upper().startswith("RUN") else None
        if heredoc:
            while at < len(lines) and lines[at].strip() != heredoc[1]:
                at += 1
            at += 1
        yield first, joined.replace("\t", " ")
