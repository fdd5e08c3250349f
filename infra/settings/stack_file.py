"""Does everything in a stack's file beside our own settings reach someone, and is it clear where it leads?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from inspect import signature

import pulumi_aws as aws
from pulumi_aws.provider import ProviderArgs
from pydantic.alias_generators import to_camel

_KNOWN_TO_PULUMI = "pulumi"
_REGION = "aws:region"
REGIONS = tuple(region.value for region in aws.Region)
"""AWS's regions."""
_ACCOUNTS = "aws:allowedAccountIds"
_ACCOUNT = re.compile(r"[0-9]{12}")


def faults(config: Mapping[str, str], ours: str) -> Iterator[str]:
    """What is wrong with the namespaces and the provider's settings of a stack's configuration.

    Pulumi passes over what it does not know, so a slip of the pen would go unnoticed: a budget without its
    limit, or a region that is not the one meant. `ours` is the namespace of our own settings.
    """
    provider = {to_camel(name) for name in signature(ProviderArgs).parameters}
    namespaces = [ours, "aws", _KNOWN_TO_PULUMI]
    for key in sorted(config):
        namespace, _, name = key.partition(":")
        if namespace not in namespaces:
            allowed = f"allowed: {', '.join(f'{one}:…' for one in namespaces)}"
            yield f"{key}: no such namespace; {allowed}{_meant(namespace, namespaces, f':{name}')}"
        elif namespace == "aws" and name not in provider:
            yield f"{key}: the AWS provider has no such setting{_meant(name, provider, before='aws:')}"
    yield from _region(config)
    yield from _accounts(config)


def _region(config: Mapping[str, str]) -> Iterator[str]:
    given = config.get(_REGION)
    if given is None:
        yield f"{_REGION}: not given; it is required"
    elif given not in REGIONS:
        yield f'{_REGION}: given "{given}"; allowed: a region of AWS{_meant(given, REGIONS)}'


def _accounts(config: Mapping[str, str]) -> Iterator[str]:
    allowed = 'a list of accounts of 12 digits in quotes, such as ["123456789012"]'
    text = config.get(_ACCOUNTS)
    if text is None:
        yield f"{_ACCOUNTS}: not given; it is required: {allowed}"
        return
    try:
        given = json.loads(text)
    except ValueError:
        given = text
    fit = isinstance(given, list) and bool(given)
    if not fit or not all(isinstance(one, str) and _ACCOUNT.fullmatch(one) for one in given):
        yield f"{_ACCOUNTS}: given {json.dumps(given)}; allowed: {allowed}"


def _meant(given: str, known: Iterable[str], after: str = "", before: str = "") -> str:
    close = get_close_matches(given, sorted(known), n=1)
    return f"; was {before}{close[0]}{after} meant?" if close else ""
