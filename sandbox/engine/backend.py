"""Where states lie: Pulumi's own file backend, so that its CLI opens the same folder (`pkg/backend/diy`).

`<root>/.pulumi/` holds `meta.yaml`, `stacks/<project>/<stack>.json`, `history/`, `locks/`; the file that a
run began with stays beside the state as `<stack>.json.bak`.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sandbox.engine.checkpoint_rules import latest_of
from sandbox.engine.crypter import Crypter, DecryptionFailed, SaltInvalid
from sandbox.engine.errors import BackendUnknown, StateCorrupt
from sandbox.engine.lock import StackLock
from sandbox.engine.state import Resource, dump, from_json

PendingKind = Literal["creating", "updating", "deleting", "reading"]


@dataclass(eq=False)
class Pending:
    """An operation that had begun when the checkpoint was written."""

    resource: Resource
    kind: PendingKind


@dataclass
class Checkpoint:
    """A stack's state as it was read; each resource follows what it depends on."""

    resources: list[Resource] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)


@dataclass(frozen=True)
class HistoryEntry:
    """One finished run, as `pulumi stack history` shows it. Times in seconds since 1970."""

    kind: str
    start: int
    end: int
    result: Literal["succeeded", "failed"]
    changes: Mapping[str, int]
    message: str = ""
    config: Mapping[str, str] = field(default_factory=dict)


class Backend:
    """The states of all stacks below one folder. `passphrase` opens their secrets."""

    def __init__(self, root: Path, passphrase: str) -> None:
        self.root = root
        self._passphrase = passphrase
        self._folder = root / ".pulumi"

    def path(self, project: str, stack: str) -> Path:
        """The stack's checkpoint."""
        return self._folder / "stacks" / project / f"{stack}.json"

    def stacks(self, project: str) -> list[str]:
        """The stacks that have a state."""
        return sorted(path.stem for path in self.path(project, "x").parent.glob("*.json"))

    def types(self, project: str, stack: str) -> set[str]:
        """The types of the resources that a stack's state holds; no secret is opened for it."""
        latest = self._latest(self.path(project, stack)) or {}
        return {str(plain.get("type")) for plain in latest.get("resources") or []}

    def crypter(self, project: str, stack: str, salt: str = "") -> Crypter:
        """The crypter of a stack: by the salt of its file, else that of its state, else a new one."""
        where = f"the stack '{stack}'"
        if salt:
            return Crypter(self._passphrase, salt, where)
        kept = self._salt(project, stack)
        return self._crypter_of(kept, project, stack) if kept else Crypter.new(self._passphrase, where)

    def load(self, project: str, stack: str, crypter: Crypter) -> Checkpoint:
        """The stack's state, empty where there is none. Raises `StateCorrupt` and `BackendUnknown`."""
        self._refuse_other_layouts()
        path = self.path(project, stack)
        latest = self._latest(path)
        if latest is None:
            # A new stack: its first checkpoint holds a word encrypted with the key.
            crypter.prepare()
            return Checkpoint()
        secrets = latest.get("secrets_providers") or {}
        salt = (secrets.get("state") or {}).get("salt", "")
        if salt and salt != crypter.state_if_known:
            # The state was encrypted with another salt than new secrets will be.
            crypter_of_state = self._crypter_of(salt, project, stack)
        else:
            crypter_of_state = crypter
        if not salt or crypter_of_state is not crypter:
            crypter.prepare()
        try:
            checkpoint = Checkpoint(
                resources=[from_json(plain, crypter_of_state) for plain in latest.get("resources") or []],
                pending=[
                    Pending(from_json(plain["resource"], crypter_of_state), plain["type"])
                    for plain in latest.get("pending_operations") or []
                ],
            )
        except (KeyError, TypeError, ValueError, AttributeError, DecryptionFailed, RecursionError) as error:
            raise self._corrupt(path, f"{type(error).__name__}: {error}") from error
        if crypter_of_state is not crypter:
            for resource in checkpoint.resources:
                resource.rendered = None
        return checkpoint

    def write(
        self,
        project: str,
        stack: str,
        crypter: Crypter,
        resources: Sequence[bytes],
        pending: Sequence[tuple[bytes, PendingKind]],
        features: Sequence[str] = (),
    ) -> None:
        """Replaces the stack's checkpoint: written, flushed to the disk, then renamed over the old one.

        A state that uses `features` is of version 4, which names them.
        """
        path = self.path(project, stack)
        self._ensure(path.parent)
        manifest = {"time": _timestamp(), "magic": "", "version": ""}
        version = b'4,"features":%s' % dump(list(features)) if features else b"3"
        head = b'{"version":%s,"checkpoint":{"stack":%s,"latest":{"manifest":%s,"secrets_providers":%s' % (
            version,
            dump(f"organization/{project}/{stack}"),
            dump(manifest),
            dump({"type": "passphrase", "state": {"salt": crypter.state}}),
        )
        parts = [head]
        if resources:
            parts += [b',"resources":[\n', b",\n".join(resources), b"\n]"]
        if pending:
            operations = [b'{"resource":%s,"type":%s}' % (text, dump(kind)) for text, kind in pending]
            parts += [b',"pending_operations":[\n', b",\n".join(operations), b"\n]"]
        parts.append(b',"metadata":{}}}}\n')
        _replace(path, b"".join(parts))

    def keep_previous(self, project: str, stack: str) -> None:
        """Keeps the present checkpoint as `.bak`, before a run changes it."""
        path = self.path(project, stack)
        spare = path.with_suffix(".json.bak.new")
        spare.unlink(missing_ok=True)
        try:
            # The state is replaced by renaming, never written in place, so a link keeps the old content.
            os.link(path, spare)
        except FileNotFoundError:
            return
        except OSError:
            spare.write_bytes(path.read_bytes())
        spare.replace(path.with_suffix(".json.bak"))

    def record(self, project: str, stack: str, entry: HistoryEntry) -> None:
        """Adds a finished run to the stack's history, with a copy of the state that it left."""
        folder = self._folder / "history" / project / stack
        self._ensure(folder)
        prefix = folder / f"{stack}-{time.time_ns()}"
        update: dict[str, Any] = {
            "kind": entry.kind,
            "startTime": entry.start,
            "message": entry.message,
            "environment": {},
            "config": {key: {"string": value, "secret": False} for key, value in entry.config.items()},
            "result": entry.result,
            "endTime": entry.end,
            "resourceChanges": dict(entry.changes),
        }
        _replace(Path(f"{prefix}.history.json"), dump(update), durable=False)
        with contextlib.suppress(FileNotFoundError):
            os.link(self.path(project, stack), f"{prefix}.checkpoint.json")

    def lock(self, project: str, stack: str) -> StackLock:
        """The stack's lock, not yet taken."""
        self._ensure(self._folder)
        return StackLock(self._folder / "locks" / "organization" / project / stack, stack)

    def remove(self, project: str, stack: str) -> None:
        """Forgets a stack: its state, not its history."""
        path = self.path(project, stack)
        path.unlink(missing_ok=True)
        path.with_suffix(".json.bak").unlink(missing_ok=True)

    def _refuse_other_layouts(self) -> None:
        meta = self._folder / "meta.yaml"
        try:
            text = meta.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        except (OSError, UnicodeDecodeError) as error:
            raise BackendUnknown(meta, f"it cannot be read ({error})") from error
        # One line, as Pulumi writes it (`version: 1`): a YAML reader would not tell more.
        found = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("version:")]
        if found != ["1"]:
            raise BackendUnknown(meta, f"its version is {found[0] if found else 'missing'}, known is 1")

    def _crypter_of(self, salt: str, project: str, stack: str) -> Crypter:
        path = self.path(project, stack)
        try:
            return Crypter(self._passphrase, salt, f"the state in {path}")
        except SaltInvalid as error:
            raise self._corrupt(path, "its salt is not of the form 'v1:<salt>:<check>'") from error

    def _salt(self, project: str, stack: str) -> str:
        latest = self._latest(self.path(project, stack))
        state = ((latest or {}).get("secrets_providers") or {}).get("state") or {}
        salt = state.get("salt", "")
        return salt if isinstance(salt, str) else ""

    def _latest(self, path: Path) -> dict[str, Any] | None:
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._corrupt(path, error.strerror or str(error)) from error
        try:
            return latest_of(json.loads(text, parse_constant=_no_constant))
        except RecursionError as error:
            raise self._corrupt(path, "its values are nested too deeply") from error
        except ValueError as error:
            raise self._corrupt(path, str(error)) from error

    def _corrupt(self, path: Path, reason: str) -> StateCorrupt:
        previous = path.with_suffix(".json.bak")
        return StateCorrupt(path, reason, previous if previous.exists() else None)

    def _ensure(self, folder: Path) -> None:
        if folder.is_dir():
            return
        folder.mkdir(parents=True, exist_ok=True)
        meta = self._folder / "meta.yaml"
        if not meta.exists():
            _replace(meta, b"version: 1\n")


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _replace(path: Path, content: bytes, *, durable: bool = True) -> None:
    # A name of its own for each process: two must never write into the same file.
    spare = path.with_name(f".{path.name}.{os.getpid()}.new")
    with spare.open("wb") as stream:
        stream.write(content)
        if durable:
            stream.flush()
            os.fsync(stream.fileno())
    spare.replace(path)
    if durable and os.name == "posix":
        with _opened(path.parent) as folder:
            os.fsync(folder)


def _timestamp() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
