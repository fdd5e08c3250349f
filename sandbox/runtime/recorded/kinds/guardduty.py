"""GuardDuty: tags, which the emulator takes only with a detector's making."""

from __future__ import annotations

from sandbox.runtime.recorded.kind import RecordedKind, TagOperations

KINDS: tuple[RecordedKind, ...] = ()

TAGGING = (TagOperations(service="guardduty", as_map=True, any_resource=True),)
