"""What the policy packs of a run said: its section on the screen, and its part of the document of `--json`.

Grouped and worded as the Pulumi CLI does: pack by pack, mandatory violations first, then by severity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ops.properties import changes
from ops.rows import short_type
from ops.screen import Style, counted
from sandbox.engine import urn as urns
from sandbox.engine.events import PolicyPackStarted, PolicyRemediation, PolicyViolation

_SEVERITIES: Final = ("critical", "high", "medium", "low", "")


@dataclass(frozen=True)
class PolicyLine:
    """A line of the section, and its colour."""

    text: str
    style: Style | None = None


@dataclass
class PolicyReport:
    """What the packs of one run have said so far."""

    packs: list[PolicyPackStarted] = field(default_factory=list)
    violations: list[PolicyViolation] = field(default_factory=list)
    remediations: list[PolicyRemediation] = field(default_factory=list)

    def take(self, event: PolicyPackStarted | PolicyViolation | PolicyRemediation) -> None:
        """Takes an event in."""
        match event:
            case PolicyPackStarted():
                self.packs.append(event)
            case PolicyViolation():
                self.violations.append(event)
            case PolicyRemediation():
                self.remediations.append(event)

    def lines(self, *, details: bool = False) -> list[PolicyLine]:
        """The section, without its heading. With `details`, each remediation with what it changed."""
        return [line for pack in self.packs for line in self._of(pack, details=details)]

    def document(self) -> dict[str, Any]:
        """For `--json`. No property's value stands in it."""
        return {
            "packs": [
                {"name": one.name, "version": one.version, "folder": one.folder, "policies": one.policies}
                for one in self.packs
            ],
            "violations": [
                {
                    "pack": one.pack,
                    "version": one.version,
                    "policy": one.policy,
                    "level": one.level,
                    "severity": one.severity or None,
                    "urn": one.urn,
                    "message": one.message,
                }
                for pack in self.packs
                for one in self._violations(pack)
            ],
            "remediations": [
                {
                    "pack": one.pack,
                    "version": one.version,
                    "policy": one.policy,
                    "urn": one.urn,
                    "properties": _changed(one),
                }
                for one in self.remediations
            ],
        }

    def _of(self, pack: PolicyPackStarted, *, details: bool) -> Iterator[PolicyLine]:
        violations = self._violations(pack)
        levels = {one.level for one in violations}
        mark, style = next((mark, style) for level, mark, style in _MARKS if level in levels or not level)
        yield PolicyLine(f"    {mark} {pack.name}@v{pack.version} ({pack.folder})", style)
        remediations = [one for one in self.remediations if _is_of(one, pack)]
        if details:
            for one in remediations:
                signs = ", ".join(_changed(one))
                yield PolicyLine(f"        [remediate] {one.policy} ({_resource(one.urn)}) {signs}", "cyan")
        else:
            for policy, number in sorted(Counter(one.policy for one in remediations).items()):
                yield PolicyLine(f"        [remediate] {policy} ({counted(number, 'resource')})", "cyan")
        for found in violations:
            severity = f" [{found.severity}]" if found.severity else ""
            head = f"        [{found.level}]{severity} {found.policy} ({_resource(found.urn)})"
            yield PolicyLine(head, "red" if found.level == "mandatory" else "yellow")
            for text in found.message.splitlines():
                yield PolicyLine(f"            {text}")

    def _violations(self, pack: PolicyPackStarted) -> list[PolicyViolation]:
        return sorted((one for one in self.violations if _is_of(one, pack)), key=_rank)


_MARKS: Final[Sequence[tuple[str, str, Style]]] = (
    ("mandatory", "✗", "red"),
    ("advisory", "!", "yellow"),
    ("", "✓", "green"),
)


def _rank(found: PolicyViolation) -> tuple[bool, int, str, str]:
    return (found.level != "mandatory", _SEVERITIES.index(found.severity), found.policy, found.urn)


def _is_of(event: PolicyViolation | PolicyRemediation, pack: PolicyPackStarted) -> bool:
    return (event.pack, event.version) == (pack.name, pack.version)


def _resource(urn: str) -> str:
    return f"{short_type(urns.type_of(urn))}: {urns.name_of(urn)}"


def _changed(event: PolicyRemediation) -> list[str]:
    """The properties that a remediation changed, `+`, `~` or `-` before each; their values may be secret."""
    return [f"{change.sign}{change.path}" for change in changes(event.before, event.after)]
