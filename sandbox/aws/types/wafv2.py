"""WAFv2, the sets: IP addresses and regular expressions; and what every WAFv2 resource shares."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from typing import Any, Final

from sandbox.aws.cloud import CloudError
from sandbox.aws.rows import pages
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure, ProviderError
from sandbox.engine.values import PropertyMap

_GLOBAL: Final = "us-east-1"


class WrongRegionError(ProviderError):
    """A resource for CloudFront, asked for elsewhere than where AWS keeps them."""

    def __init__(self, region: str) -> None:
        super().__init__(
            f"the scope CLOUDFRONT is not valid in {region}: AWS keeps what protects CloudFront in "
            f"{_GLOBAL}; give the resource a provider for {_GLOBAL}, or `region`"
        )


class DuplicateNameError(ProviderError):
    """A second resource of a name, in the same scope."""

    def __init__(self, word: str, name: str) -> None:
        super().__init__(f"WAFDuplicateItemException: there is a {word} {name} already in this scope")


def tags_of() -> Tags:
    return Tags(
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"ResourceARN": s.at("ARN") or s.at("Summary.ARN") or s.outputs["arn"]},
        list="ListTagsForResource",
        listed="TagInfoForResource.TagList",
    )


def listed(subject: Subject, word: str) -> Iterable[Params]:
    """Those of both scopes, each with its scope. `word` is WAFv2's name of the kind: `IPSet`."""
    known = subject.inputs.get("scope")
    for scope in (known,) if known else ("REGIONAL", "CLOUDFRONT"):
        for found in pages(subject, "wafv2", f"List{word}s", f"{word}s", {"Scope": scope}):
            yield {**found, "Scope": scope}


def read_of(word: str) -> Callable[[Subject], Params | None]:
    """Reads by id: WAFv2 asks for the name and the scope too, which the listing has."""

    def read(subject: Subject) -> Params | None:
        wanted = subject.id.split("/")[0]
        for found in listed(subject, word):
            if found["Id"] == wanted:
                params = {name: found[name] for name in ("Id", "Name", "Scope")}
                answer: Params = subject.cloud.call("wafv2", f"Get{word}", params)
                lock = answer.get("LockToken") or found["LockToken"]
                shown: Params = {**answer[word], "LockToken": lock, "Scope": found["Scope"]}
                for extra in ("ApplicationIntegrationURL",):
                    shown[extra] = answer.get(extra)
                return shown
        return None

    return read


def locked(word: str) -> Callable[[Subject], Params]:
    """The parameters that name a resource to a change, with the lock token as it is now."""

    def key(subject: Subject) -> Params:
        found = read_of(word)(subject)
        if found is None:
            text = f"there is no {word} {subject.id}"
            raise CloudError("wafv2", f"Get{word}", "WAFNonexistentItemException", text)
        return {name: found[name] for name in ("Id", "Name", "Scope", "LockToken")}

    return key


def first_of_its_name(word: str) -> Callable[[Subject], Params]:
    """Refuses what AWS refuses and the emulator does not: the second of a name, and the wrong region."""

    def look(subject: Subject) -> Params:
        if subject.inputs.get("scope") == "CLOUDFRONT" and subject.cloud.region != _GLOBAL:
            raise WrongRegionError(subject.cloud.region)
        if any(found["Name"] == subject.inputs["name"] for found in listed(subject, word)):
            raise DuplicateNameError(word, str(subject.inputs["name"]))
        return {}

    return look


def find_of(word: str) -> Callable[[Subject, frozenset[str]], str | None]:
    def find(subject: Subject, taken: frozenset[str]) -> str | None:
        for found in listed(subject, word):
            if found["Name"] == subject.inputs["name"] and found["Id"] not in taken:
                return str(found["Id"])
        return None

    return find


def named(
    word: str,
    token: str,
    changes: tuple[str, ...],
    *,
    names: dict[str, str] | None = None,
    adds: Callable[[Subject], Params] = lambda _: {},
    **more: Any,
) -> ResourceType:
    """A kind that WAFv2 keeps by name, scope and id."""
    key, first = locked(word), first_of_its_name(word)
    renamed = names or {}
    mine = {name: member for name, member in renamed.items() if name.split(".")[0] in changes}
    shared: dict[str, Any] = {
        "type": token,
        "service": "wafv2",
        "create": Call(operation=f"Create{word}", names=renamed, adds=lambda s: {**first(s), **adds(s)}),
        "id": lambda s: str(s.at("Summary.Id")),
        "read": read_of(word),
        "delete": Call(operation=f"Delete{word}", sends=(), adds=key),
        "steps": (
            Step(
                on=changes,
                do=Call(
                    operation=f"Update{word}",
                    sends=changes,
                    names=mine,
                    adds=lambda s: {**adds(s), **key(s)},
                ),
                at_create=False,
            ),
        ),
        "find": find_of(word),
        "auto_name": AutoName(limit=128),
        "tags": tags_of(),
        "volatile": ("lockToken",),
    }
    shared["outputs"] = {"arn": "ARN", "lockToken": "LockToken", **more.pop("outputs", {})}
    return ResourceType(**{**shared, **more})


def _check_addresses(inputs: PropertyMap) -> Iterable[CheckFailure]:
    addresses = inputs.get("addresses")
    version = {"IPV4": 4, "IPV6": 6}.get(str(inputs.get("ipAddressVersion")))
    for index, address in enumerate(addresses if isinstance(addresses, list) else ()):
        if not isinstance(address, str):
            continue
        path = f"addresses[{index}]"
        try:
            network = ipaddress.ip_network(address, strict=False)
        except ValueError as error:
            yield CheckFailure(path, f"{address!r} is no CIDR block: {error}")
            continue
        if "/" not in address:
            yield CheckFailure(path, f"{address!r} lacks the size of its block, such as {address}/32")
        elif network.prefixlen == 0:
            yield CheckFailure(path, f"{address!r} is every address; AWS takes /1 and smaller")
        elif version is not None and network.version != version:
            yield CheckFailure(path, f"{address!r} is no {inputs['ipAddressVersion']} block")


IP_SET = named(
    "IPSet",
    "aws:wafv2/ipSet:IpSet",
    ("addresses", "description"),
    tier="native",
    adds=lambda s: {"Addresses": list(s.inputs.get("addresses") or ())},
    echoes={
        "name": "Name",
        "scope": "Scope",
        "addresses": "Addresses",
        "ipAddressVersion": "IPAddressVersion",
    },
    unordered=("addresses",),
    checks=_check_addresses,
)


def _expressions(subject: Subject) -> Params:
    given = subject.inputs.get("regularExpressions") or ()
    return {"RegularExpressionList": [{"RegexString": one["regexString"]} for one in given]}


REGEX_PATTERN_SET = named(
    "RegexPatternSet",
    "aws:wafv2/regexPatternSet:RegexPatternSet",
    ("regularExpressions", "description"),
    tier="native",
    names={"regularExpressions": "RegularExpressionList"},
    adds=_expressions,
    echoes={
        "name": "Name",
        "scope": "Scope",
        "regularExpressions": lambda s: [
            {"regexString": one["RegexString"]} for one in s.at("RegularExpressionList") or ()
        ],
    },
    unordered=("regularExpressions",),
)

TYPES = (IP_SET, REGEX_PATTERN_SET)
