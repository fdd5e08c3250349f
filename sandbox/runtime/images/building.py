"""How does a Dockerfile become an image here? The files that it copies, and the configuration that it names.

Nothing is run: what `RUN` would make is not there, and this machine's interpreter and packages stand in for
what it would install.
"""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sandbox.runtime.images import dockerfile
from sandbox.runtime.images.dockerfile import DockerfileError, Instruction

PATH = "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"
"""What an image's PATH begins with: the base is not known, and nearly all have this."""
_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_FLAGS: Mapping[str, frozenset[str]] = {
    "COPY": frozenset({"from", "chown", "chmod", "link"}),
    "ADD": frozenset({"chown", "chmod", "link"}),
}
SYSTEM_FOLDERS = frozenset(
    f"/{name}"
    for name in (
        *("", "bin", "etc", "home", "lib", "media", "mnt", "opt", "opt/ml", "root", "run", "sbin", "srv"),
        *("tmp", "usr", "usr/bin", "usr/lib", "usr/local", "usr/local/bin", "usr/local/lib", "usr/sbin"),
        *("usr/share", "var"),
    )
)
"""Folders of nearly every base: a file that is copied to one goes into it."""


@dataclass(frozen=True)
class File:
    """One file of an image."""

    content: bytes
    mode: int


@dataclass(frozen=True)
class Image:
    """What an image holds and how it is started: the configuration's members as OCI names them."""

    files: Mapping[str, File] = field(default_factory=dict)
    """By absolute path."""
    base: str = ""
    environment: Mapping[str, str] = field(default_factory=lambda: {"PATH": PATH})
    entrypoint: Sequence[str] = ()
    command: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    ports: Sequence[str] = ()
    user: str = ""
    folder: str = "/"


def build(
    text: str,
    context: Path,
    arguments: Mapping[str, str],
    labels: Mapping[str, str],
    say: Callable[[str], None],
) -> Image:
    """Builds the last stage of a Dockerfile from the files of `context`. Raises DockerfileError."""
    build = _Build(context, arguments, say)
    for one in dockerfile.instructions(text):
        build.take(one)
    made = build.finished()
    return replace(made, labels={**made.labels, **labels})


class _Build:
    """One build, instruction by instruction."""

    def __init__(self, context: Path, given: Mapping[str, str], say: Callable[[str], None]) -> None:
        self._context = context.resolve()
        self._given = given
        self._say = say
        self._global: dict[str, str] = {}
        self._arguments: dict[str, str] = {}
        self._stages: dict[str, Image] = {}
        self._image: Image | None = None
        self._name = ""
        self._ignored = _ignored(self._context)

    def finished(self) -> Image:
        if self._image is None:
            raise DockerfileError(1, "there is no FROM")
        return self._image

    def take(self, one: Instruction) -> None:
        """Does one instruction."""
        self._say(f"line {one.line}: {one.name} {one.text}"[:400])
        if one.name == "ARG":
            self._argument(one)
            return
        if one.name == "FROM":
            self._from(one)
            return
        if self._image is None:
            raise one.refused("a Dockerfile begins with FROM")
        self._image = self._changed(one, self._image)

    def _changed(self, one: Instruction, image: Image) -> Image:
        text = one.text
        if one.name not in {"RUN", "CMD", "ENTRYPOINT"}:
            text = dockerfile.substituted(text, {**self._arguments, **image.environment})
        match one.name:
            case "RUN":
                self._say("  not run: the sandbox has no containers, and this machine's packages stand in")
                return image
            case "COPY" | "ADD":
                return replace(image, files={**image.files, **self._copied(one, text, image)})
            case "ENV":
                return replace(image, environment={**image.environment, **dockerfile.pairs(one, text)})
            case "LABEL":
                return replace(image, labels={**image.labels, **dockerfile.pairs(one, text)})
            case "WORKDIR":
                return replace(image, folder=posixpath.normpath(posixpath.join(image.folder, text)))
            case "USER":
                return replace(image, user=text)
            case "EXPOSE":
                return replace(image, ports=[*image.ports, *text.split()])
            case "ENTRYPOINT":
                # Docker's own rule: an entrypoint takes the command of the base away.
                return replace(image, entrypoint=dockerfile.exec_form(one), command=())
            case _:
                return replace(image, command=dockerfile.exec_form(one))

    def _argument(self, one: Instruction) -> None:
        name, _, default = one.text.partition("=")
        default = dockerfile.substituted(default.strip("\"'"), {**self._global, **self._arguments})
        value = self._given.get(name, default if "=" in one.text else self._global.get(name, ""))
        (self._global if self._image is None else self._arguments)[name] = value

    def _from(self, one: Instruction) -> None:
        if self._image is not None and self._name:
            self._stages[self._name] = self._image
        words = dockerfile.substituted(one.text, self._global).split()
        if not words:
            raise one.refused("the base image's name is empty: is an --build-arg missing?")
        self._name = words[2].lower() if len(words) == 3 and words[1].upper() == "AS" else ""
        self._arguments = {}
        base = self._stages.get(words[0].lower())
        self._image = base if base is not None else Image(base=words[0])
        if base is None:
            self._say(f"  {words[0]} is not pulled: this machine's interpreter stands in for it")

    def _copied(self, one: Instruction, text: str, image: Image) -> dict[str, File]:
        for flag in one.flags:
            if flag not in _FLAGS[one.name]:
                raise one.refused(f"--{flag} is not understood by the sandbox")
        *sources, target = dockerfile.words(one, text)
        if not sources:
            raise one.refused(f"needs a source and a target; given: {text}")
        goal = posixpath.normpath(posixpath.join(image.folder, target))
        folder = goal in SYSTEM_FOLDERS or goal == image.folder or _holds(image, goal)
        inside = target.endswith("/") or len(sources) > 1 or folder
        found: dict[str, File] = {}
        for source in sources:
            if "from" in one.flags:
                found |= self._from_stage(one, source, goal, inside)
            elif one.name == "ADD" and ("://" in source or source.endswith(_ARCHIVES)):
                raise one.refused(f"{source}: only files of the build's own folder are copied")
            else:
                found |= self._from_context(one, source, goal, inside)
        mode = one.flags.get("chmod")
        if mode is not None:
            if not mode.isdigit():
                raise one.refused(f"--chmod={mode}: an octal number is understood, such as 755")
            found = {name: File(file.content, int(mode, 8)) for name, file in found.items()}
        return found

    def _from_context(self, one: Instruction, source: str, goal: str, inside: bool) -> dict[str, File]:
        pattern = source.lstrip("/")
        paths = sorted(self._context.glob(pattern)) if pattern.strip("./") else [self._context]
        if not paths:
            raise one.refused(f"{source}: there is no such file in the build's folder")
        found: dict[str, File] = {}
        for path in paths:
            if not path.resolve().is_relative_to(self._context):
                raise one.refused(f"{source} leaves the build's folder")
            if path.is_file() and not self._ignored(path):
                name = posixpath.join(goal, path.name) if inside or len(paths) > 1 else goal
                found[name] = _file(path)
            for below in sorted(path.rglob("*")) if path.is_dir() else ():
                if below.is_file() and not below.is_symlink() and not self._ignored(below):
                    found[posixpath.join(goal, below.relative_to(path).as_posix())] = _file(below)
        return found

    def _from_stage(self, one: Instruction, source: str, goal: str, inside: bool) -> dict[str, File]:
        stage = self._stages.get(one.flags["from"].lower())
        start = posixpath.normpath(posixpath.join("/", source))
        files = stage.files if stage is not None else {}
        found = {}
        for name, file in files.items():
            if name == start:
                found[posixpath.join(goal, posixpath.basename(name)) if inside else goal] = file
            elif name.startswith(start.rstrip("/") + "/"):
                found[posixpath.join(goal, posixpath.relpath(name, start))] = file
        if not found:
            raise one.refused(
                f"{source} of {one.flags['from']} is not known: of other images and stages there is only "
                "what their own COPY brought, for RUN is not run"
            )
        return found


def _holds(image: Image, folder: str) -> bool:
    return any(name.startswith(folder.rstrip("/") + "/") for name in image.files)


def _file(path: Path) -> File:
    return File(path.read_bytes(), path.stat().st_mode & 0o777)


def _ignored(context: Path) -> Callable[[Path], bool]:
    """What `.dockerignore` leaves out: patterns, of which the last that fits decides."""
    listed = context / ".dockerignore"
    lines = listed.read_text("utf-8").splitlines() if listed.is_file() else []
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]

    def ignored(path: Path) -> bool:
        name = path.relative_to(context).as_posix()
        left_out = False
        for pattern in patterns:
            plain = pattern.lstrip("!").strip("/")
            if any(fnmatch.fnmatch(name, one) for one in (plain, f"{plain}/*")) or (
                plain.startswith("**/") and fnmatch.fnmatch(name, plain[3:])
            ):
                left_out = not pattern.startswith("!")
        return left_out

    return ignored
