"""Where does each setting of a stack come from? `python -m infra.settings.origins`, JSON in and out.

Standard input: `{"stack": "dev", "config": {"aws:region": "us-east-1", …}, "released": {…}}`: the
configuration as the program gets it, every value a text, and what a release lays over it.
Standard output: `{"settings": [{"path", "value", "origin", "default"}, …]}`, or `{"wrong": "…"}` in the words
of the program.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from infra.settings import stack_file
from infra.settings.block import Settings
from infra.settings.environments import DEFAULTS, EVERYWHERE
from infra.settings.loading import NAMESPACE, SettingsError, given_settings, read_settings

Origin = Literal["release", "stack", "name", "environment", "everywhere", "model"]
"""The release, the stack's file, its name, the environment's defaults, those of all, the model's own."""

_ABSENT = object()


def origins(stack: str, config: Mapping[str, str], released: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every setting with its value, where it came from, and what it would be by default.

    Settings of other namespaces, such as `aws:region`, stand at the end under their full key: nobody but the
    stack's file gives them a value. Raises SettingsError as the program does.
    """
    given = given_settings(config)
    beside = list(stack_file.faults(config, NAMESPACE))
    settings = read_settings(stack, {**given, **released}, beside)
    environment = settings.environment
    defaults = dict(_leaves(read_settings(stack, {"environment": environment}), ()))
    layers: tuple[tuple[Origin, Mapping[str, Any]], ...] = (
        ("release", released),
        ("stack", given),
        ("name", {"environment": stack}),
        ("environment", DEFAULTS.get(environment, {})),
        ("everywhere", EVERYWHERE),
    )
    listed: list[dict[str, Any]] = [
        {
            "path": ".".join(path),
            "value": value,
            "origin": next((name for name, layer in layers if _says(layer, path)), "model"),
            "default": defaults.get(path),
        }
        for path, value in _leaves(settings, ())
    ]
    mark = f"{NAMESPACE}:"
    listed += [
        {"path": key, "value": _structured(text), "origin": "stack", "default": None}
        for key, text in sorted(config.items())
        if not key.startswith(mark)
    ]
    return listed


def _leaves(block: Settings, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    document = block.model_dump(mode="json", by_alias=True)
    for name, field in type(block).model_fields.items():
        key = field.alias or name
        value = getattr(block, name)
        if isinstance(value, Settings):
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), document[key]


def _says(layer: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    """Whether the layer gives the setting a value: itself, or for all of a block around it."""
    found: Any = layer
    for part in path:
        found = found.get(part, _ABSENT) if isinstance(found, Mapping) else found
        if found is _ABSENT:
            return False
    return True


def _structured(text: str) -> Any:
    try:
        return json.loads(text) if text.startswith(("{", "[")) else text
    except ValueError:
        return text


def main() -> int:
    """Reads the question, prints the answer."""
    asked = json.load(sys.stdin)
    try:
        answer: dict[str, Any] = {"settings": origins(asked["stack"], asked["config"], asked["released"])}
    except SettingsError as wrong:
        answer = {"wrong": str(wrong)}
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
