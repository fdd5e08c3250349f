"""Random settings of a stack, drawn from the models: every field, every bound, and values beyond."""

from __future__ import annotations

import json
import re
import types
import typing
from collections.abc import Mapping
from functools import cache
from random import Random
from typing import Any, Literal, Union

from hypothesis import strategies as st
from mocked import REGION
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from infra.settings.block import Settings
from infra.settings.loading import PlatformSettings, SettingsError, read_settings

_PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/groundplan-dev-flights"
_UUIDS = ["3f2504e0-4f89-11d3-9a0c-0305e82c3301", "3F2504E0-4F89-11D3-9A0C-0305E82C3302"]

PLAUSIBLE: Mapping[str, list[Any]] = {
    "at": ["cron(0 7 ? * MON-FRI *)", "cron(30 18 * * ? *)", "cron(0 0 1 1 ? 2030)"],
    "audience": ["https://api.example.com", "groundplan"],
    "baseline": ["s3://groundplan-dev-models-123456789012-us-east-1/baseline"],
    "break_glas": ["arn:aws:iam::123456789012:role/emergency", "arn:aws:iam::210987654321:user/path/anna"],
    "bucket": ["company-reports", "company.state.2"],
    "use_case": ["ml.flights"],
    "cidr": ["10.20.0.0/16", "172.16.0.0/18", "192.168.0.0/20"],
    "code_key": ["flink/app.zip", "flink/app.jar"],
    "critical_email": ["on-call@example.com", "anna.o'neil+alarms@example.co.uk"],
    "entry_point": ["spark/prepare.py"],
    "from_stack": ["organization/groundplan/dev"],
    "hyperparameter": ["eta", "max_depth", "subsample", "objective"],
    "image_tag": ["3.2-0", "3.0-5", "1.7-1"],
    "image": ["framework", "built", "123456789012.dkr.ecr.us-east-1.amazonaws.com/own:1"],
    "instance": ["ml.m5.large", "ml.c5.xlarge", "ml.g5.xlarge", "ml.g4dn.2xlarge", "ml.t3.medium"],
    "issuer": ["https://login.example.com", "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbC1"],
    "model_package_arn": [f"{_PACKAGE}/3", f"{_PACKAGE}/4", f"{_PACKAGE}-eu/12"],
    "provider": ["arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com", None],
    "range": ["eta", "max_depth", "subsample"],
    "reader": ["123456789012", "210987654321"],
    "region": ["us-west-2", "eu-west-1", "ap-northeast-1", None],
    "release.instance": ["champion", "challenger-1", "challenger-2"],
    "release": ["emr-7.9.0", "emr-6.15.0"],
    "repository": ["acme/groundplan", "acme-data/ml.platform"],
    "runbooks": ["https://wiki.example.com/runbooks"],
    "runtime": ["FLINK-1_20", "FLINK-1_19"],
    "saml_provider": ["arn:aws:iam::123456789012:saml-provider/okta", None],
    "schedule": ["cron(0 3 * * ? *)", "cron(0 3 ? * SUN *)", "rate(1 day)", "rate(7 days)", "rate(12 hours)"],
    "service": ["Amazon SageMaker", "Amazon Simple Storage Service", "AWS Lambda", "EC2 - Other"],
    "state_key": ["arn:aws:kms:us-east-1:123456789012:key/3f2504e0-4f89-11d3-9a0c-0305e82c3301", None],
    "tag": ["Team", "Environment", "cost-centre"],
    "team": ["platform", "fraud", "data-science", "ads2"],
    "team_id": _UUIDS,
    "teams.channel_id": ["19%3a1b2c3d%40thread.tacv2"],
    "tenant_id": _UUIDS,
    "time_zone": ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"],
    "timezone": ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"],
    "trusted_principal": ["arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:role/sso/admins"],
    "version": ["3.8.x", "3.6.0"],
    "without": ["s3-bucket-versioning-enabled"],
    "workspace_id": ["T0123ABCD"],
}
"""What people would write where a field's own bounds say little: by the end of the field's path,
in the singular for what stands in a list."""

_SLIPS: Mapping[str, list[Any]] = {
    "cidr": ["10.0.0.0/8", "8.8.0.0/16", "10.1.0.1/16", "10.20.0.0/16/"],
    "region": ["us-east-9", "us-east-1", "cn-north-1"],
    "time_zone": ["Mars/Olympus", "Europe"],
    "timezone": ["Mars/Olympus"],
    "schedule": ["cron(0 3 * * * *)", "rate(1 days)", "rate(0 days)", "cron(61 3 * * ? *)", "daily"],
    "at": ["cron(0 7 * * * *)", "cron(0 25 ? * MON-FRI *)", "at(2030-01-01T00:00:00)"],
    "instance": ["ml.p4d.24xlarge", "ml.m5.huge", "m5.large"],
    "repository": ["acme"],
    "case": ["ml.nothing", "flights"],
}
"""What people write by mistake."""

_ODD: st.SearchStrategy[Any] = st.sampled_from([None, True, -1, 0, 10**9, "", "?", [], {}, 0.5, ["a"]])
"""What does not belong there."""

_CHARACTERS = st.characters(min_codepoint=32, max_codepoint=0x6FF)
"""From ASCII to letters and digits that look like others."""
_HUGE = (10**6, 10**9, 10**15)


_NAMED = re.compile(r"^  groundplan:(\w+)", re.MULTILINE)
_TRIES = 5


@st.composite
def stacks(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """An environment, and what its stack's file says of it: a few blocks, or most of them.

    Most are what people mean: without the blocks that the settings refuse, so that most are built.
    In some are slips: values of another kind, beyond a bound, or that do not go together.
    """
    environment = draw(st.sampled_from(["dev", "staging", "prod"]))
    slips = _chance(draw).random() < 0.1
    given = draw(_block(PlatformSettings, "", slips))
    return environment, given if slips else _without_what_is_refused(environment, given)


def _chance(draw: st.DrawFn) -> Random:
    """Even chances: of what is drawn piece by piece, Hypothesis leaves most out of most examples."""
    return Random(draw(st.binary(min_size=8, max_size=8)))  # noqa: S311


def _without_what_is_refused(environment: str, given: dict[str, Any]) -> dict[str, Any]:
    for _ in range(_TRIES):
        try:
            read_settings(environment, given, region=REGION)
        except SettingsError as error:
            refused = set(_NAMED.findall(str(error)))
            given = {name: value for name, value in given.items() if name not in refused}
    return given


@cache
def _block(model: type[Settings], path: str, slips: bool) -> st.SearchStrategy[dict[str, Any]]:
    fields = {
        (info.alias or name): _field(f"{path}.{name}", info, slips)
        for name, info in sorted(model.model_fields.items())
        if name != "environment"
    }
    required = {info.alias or name for name, info in model.model_fields.items() if info.is_required()}

    @st.composite
    def block(draw: st.DrawFn) -> dict[str, Any]:
        drawn: dict[str, Any] = {}
        for _ in range(_TRIES):
            chance = _chance(draw)
            share = chance.choice([0.2, 0.5, 0.9])
            drawn = {
                name: draw(field)
                for name, field in fields.items()
                if chance.random() < share or name in required
            }
            if slips or model is PlatformSettings or _fits(model, drawn):
                break
        return drawn

    return block()


def _fits(model: type[Settings], given: dict[str, Any]) -> bool:
    try:
        model.model_validate_json(json.dumps(given))
    except ValidationError:
        return False
    return True


def _field(path: str, info: FieldInfo, slips: bool) -> st.SearchStrategy[Any]:
    usual = _usual(path, info.annotation, list(info.metadata), slips)
    if not slips:
        return usual
    return st.integers(0, 19).flatmap(lambda die: _ODD if die == 19 else usual)


def _usual(path: str, kind: Any, metadata: list[Any], slips: bool) -> st.SearchStrategy[Any]:
    """What people would write there, or in one of five whatever the field's own bounds let through."""
    typed = _typed(kind, path, metadata, slips)
    plausible = _by_ending(PLAUSIBLE, path) if _is_text(kind) else None
    if plausible is None:
        return typed
    known = st.sampled_from([*plausible, *((_by_ending(_SLIPS, path) or []) if slips else [])])
    return st.integers(0, 4).flatmap(lambda die: typed if die == 4 else known)


def _is_text(kind: Any) -> bool:
    """Whether a text can stand there: alone, annotated, or as one of several."""
    if typing.get_origin(kind) is typing.Annotated or typing.get_origin(kind) in (Union, types.UnionType):
        return any(map(_is_text, typing.get_args(kind)))
    return kind is str


def _by_ending(values: Mapping[str, list[Any]], path: str) -> list[Any] | None:
    fitting = [end for end in values if path.endswith((f".{end}", f"_{end}"))]
    return values[max(fitting, key=len)] if fitting else None


def _typed(kind: Any, path: str, metadata: list[Any], slips: bool) -> st.SearchStrategy[Any]:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        inner = [one for extra in arguments[1:] for one in getattr(extra, "metadata", [extra])]
        return _typed(arguments[0], path, [*metadata, *inner], slips)
    if origin in (Union, types.UnionType):
        blocks = [one for one in arguments if isinstance(one, type) and issubclass(one, Settings)]
        return st.one_of(*(_typed(one, path, metadata, slips) for one in blocks or arguments))
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple:
        least, most = _bound(metadata, "min_length", 0), _bound(metadata, "max_length", 4)
        beyond = int(slips)
        return st.lists(
            _usual(path.removesuffix("s"), arguments[0], [], slips),
            min_size=max(least - beyond, 0),
            max_size=min(most, least + 3) + beyond,
            unique_by=None if slips else repr,
        )
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return st.dictionaries(
            _usual(path.removesuffix("s"), arguments[0], [], slips),
            _typed(arguments[1], path, [], slips),
            max_size=3,
        )
    if isinstance(kind, type) and issubclass(kind, Settings):
        return _block(kind, path, slips)
    if kind is type(None):
        return st.none()
    if kind is bool:
        return st.booleans()
    if kind is int:
        return _number(metadata, slips)
    if kind is float:
        return st.floats(
            _bound(metadata, "gt", _bound(metadata, "ge", 0)),
            _bound(metadata, "lt", _bound(metadata, "le", 1000)),
            allow_nan=False,
        )
    if kind is str:
        pattern = next((one.pattern for one in metadata if getattr(one, "pattern", None)), None)
        return (
            st.from_regex(pattern, fullmatch=True, alphabet=_CHARACTERS)
            if pattern
            else st.text("abcxyz019.-_ é", max_size=12)
        )
    raise TypeError(f"{path}: no strategy for {kind}; add one to tests/infra/random_settings.py")


def _number(metadata: list[Any], slips: bool) -> st.SearchStrategy[int]:
    """Within the bounds, at them, huge where there is none, and one beyond."""
    least = _bound(metadata, "ge", _bound(metadata, "gt", -1) + 1)
    bounded = _bound(metadata, "le", _bound(metadata, "lt", 0) - 1)
    most = max(bounded, least) if bounded >= 0 else least + 1000
    edges = st.sampled_from([least, most, (least + most) // 2, *(_HUGE if bounded < 0 else ())])
    within = st.one_of(edges, st.integers(least, most))
    return st.one_of(within, st.sampled_from([least - 1, most + 1])) if slips else within


def _bound(metadata: list[Any], name: str, otherwise: int) -> int:
    return next((getattr(one, name) for one in metadata if getattr(one, name, None) is not None), otherwise)
