"""What a build calls as `aws`: any operation of any service, by the service's own model, over botocore.

Names, shorthand (`a=b,c=d`), JSON, `file://`, `--query`, `--output` and `wait` are as the AWS CLI has them;
of its own commands there is `ecr get-login-password`. Source: AWS CLI user guide, "Shorthand syntax".
"""

from __future__ import annotations

import datetime
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import botocore.session
import jmespath  # type: ignore[import-untyped]
from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

_FAILED, _USAGE, _REFUSED, _WAITED = 255, 252, 254, 255
_SWITCHES = {"no-cli-pager", "no-paginate", "debug", "no-verify-ssl", "no-sign-request"}


class UsageError(Exception):
    """A command that is none; the text says what is wrong with it."""


def run(arguments: Sequence[str]) -> Any:
    """Does one command; answers what is printed. Raises UsageError and botocore's errors."""
    words, options = _parsed(arguments)
    if len(words) < 2:
        raise UsageError("usage: aws SERVICE OPERATION [--member value …], or aws SERVICE wait WAITER")
    session = botocore.session.get_session()
    if words[0] not in session.get_available_services():
        raise UsageError(f"aws {words[0]}: there is no such service in the sandbox's aws command")
    if words[:2] == ["ecr", "get-login-password"]:
        return "sandbox"
    region = options.pop("region", [""])[0]
    client = session.create_client(words[0], region_name=region or None)
    query, output = options.pop("query", [""])[0], options.pop("output", ["json"])[0]
    for name in ("profile", "endpoint-url", *_SWITCHES):
        options.pop(name, None)
    if words[1] == "wait":
        names = {name.replace("_", "-"): name for name in client.waiter_names}
        if words[2:3] == [] or words[2] not in names:
            raise UsageError(f"aws {words[0]} wait: choose one of {', '.join(sorted(names))}")
        waiter: Any = client.get_waiter(names[words[2]])
        model = client.meta.service_model.operation_model(waiter.config.operation)
        waiter.wait(**_members(model, options), WaiterConfig={"Delay": 0.5, "MaxAttempts": 600})
        return ""
    operations = {xform_name(name, "-"): name for name in client.meta.service_model.operation_names}
    if words[1] not in operations:
        raise UsageError(f"aws {words[0]} {words[1]}: there is no such operation")
    model = client.meta.service_model.operation_model(operations[words[1]])
    answer = getattr(client, xform_name(model.name))(**_members(model, options))
    answer.pop("ResponseMetadata", None)
    found = jmespath.search(query, answer) if query else answer
    return _text(found) if output == "text" else json.dumps(found, indent=4, default=_plain)


def _parsed(arguments: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Words before the first option, and the values of each option."""
    words: list[str] = []
    options: dict[str, list[str]] = {}
    name = ""
    for one in arguments:
        if one.startswith("--") and len(one) > 2:
            name, sign, value = one[2:].partition("=")
            options.setdefault(name, [])
            if sign:
                options[name].append(value)
            if name in _SWITCHES:
                name = ""
        elif name:
            options[name].append(one)
        else:
            words.append(one)
    return words, options


def _members(model: Any, options: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    shape = model.input_shape
    known = {xform_name(name, "-"): (name, one) for name, one in (shape.members if shape else {}).items()}
    found: dict[str, Any] = {}
    for option, values in options.items():
        name = option.removeprefix("no-") if option not in known else option
        if name not in known:
            raise UsageError(f"Unknown options: --{option}; {model.name} takes --{', --'.join(known)}")
        member, inner = known[name]
        if inner.type_name == "boolean":
            found[member] = option == name and values[:1] != ["false"]
        elif not values:
            raise UsageError(f"argument --{option}: expected one argument")
        else:
            found[member] = _value(inner, [_content(value) for value in values], option)
    return found


def _content(value: str) -> str:
    return Path(value.removeprefix("file://")).read_text("utf-8") if value.startswith("file://") else value


def _value(shape: Any, values: Sequence[str], option: str) -> Any:
    first = values[0].lstrip()
    kind = shape.type_name
    if kind in {"list", "structure", "map"} and first[:1] in {"[", "{"}:
        try:
            return json.loads(" ".join(values))
        except ValueError as error:
            raise UsageError(f"Error parsing parameter '--{option}': Invalid JSON: {error}") from error
    if kind == "list":
        return [_value(shape.member, [value], option) for value in values]
    if kind in {"structure", "map"}:
        return _shorthand(shape, values[0], option)
    if kind in {"integer", "long"}:
        return int(first)
    if kind in {"float", "double"}:
        return float(first)
    return values[0].encode() if kind == "blob" else values[0]


def _shorthand(shape: Any, text: str, option: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in re.split(r",(?=[\w-]+=)", text):
        name, sign, value = part.partition("=")
        if not sign:
            raise UsageError(f"Error parsing parameter '--{option}': Expected: '=', received: {part!r}")
        inner = shape.value if shape.type_name == "map" else shape.members.get(name)
        if inner is None:
            raise UsageError(
                f"Unknown parameter in --{option}: {name!r}; allowed: {', '.join(shape.members)}"
            )
        found[name] = _value(inner, value.split(",") if inner.type_name == "list" else [value], option)
    return found


def _text(found: Any) -> str:
    """As `--output text` prints it: a list's items on one line, parted by tabs."""
    if isinstance(found, list):
        return "\t".join(_text(item) for item in found)
    if isinstance(found, Mapping):
        return "\t".join(_text(found[name]) for name in sorted(found))
    return "None" if found is None else str(_plain(found) if isinstance(found, datetime.datetime) else found)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime.datetime) else str(value)


def main() -> int:
    """Runs the command; answers its exit code, as the AWS CLI's."""
    try:
        answer = run(sys.argv[1:])
    except UsageError as error:
        print(f"aws: error: {error}", file=sys.stderr)
        return _USAGE
    except WaiterError as error:
        print(error, file=sys.stderr)
        return _WAITED
    except ClientError as error:
        print(f"\n{error}", file=sys.stderr)
        return _REFUSED
    except (BotoCoreError, OSError, ValueError) as error:
        print(f"\n{error}", file=sys.stderr)
        return _FAILED
    if answer:
        print(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
