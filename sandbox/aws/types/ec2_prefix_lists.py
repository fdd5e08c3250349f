"""EC2, prefix lists of one's own."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.networks import cidr_failures, ec2_tags, tagged_alike
from sandbox.aws.rows import answered, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_describe = reading("ec2", "DescribeManagedPrefixLists", lambda s: {"PrefixListIds": [s.id]}, "PrefixLists.0")


def _read(subject: Subject) -> Params | None:
    found = _describe(subject)
    return None if found is None or str(found.get("State", "")).startswith("delete") else found


def _entries(inputs: PropertyMap) -> dict[str, str | None]:
    return {str(entry["cidr"]): entry.get("description") for entry in inputs.get("entries") or ()}


def _change(subject: Subject) -> None:
    """Entries, name and size; an entry whose description changed is removed and added again."""
    held, wanted = _entries(subject.before), _entries(subject.inputs)
    gone = [cidr for cidr in held if wanted.get(cidr, "") != held[cidr] or cidr not in wanted]
    fresh = [cidr for cidr in wanted if cidr not in held or cidr in gone]
    params: Params = {"PrefixListId": subject.id, "PrefixListName": subject.inputs["name"]}
    if gone:
        subject.cloud.call(
            "ec2",
            "ModifyManagedPrefixList",
            {**params, **_version(subject), "RemoveEntries": [{"Cidr": cidr} for cidr in gone]},
        )
    if fresh:
        added = [{"Cidr": cidr, **({"Description": wanted[cidr]} if wanted[cidr] else {})} for cidr in fresh]
        subject.cloud.call(
            "ec2", "ModifyManagedPrefixList", {**params, **_version(subject), "AddEntries": added}
        )
    if subject.before.get("maxEntries") != subject.inputs["maxEntries"]:
        params["MaxEntries"] = int(subject.inputs["maxEntries"])
    subject.cloud.call("ec2", "ModifyManagedPrefixList", params)


def _version(subject: Subject) -> Params:
    return {"CurrentVersion": int((_describe(subject) or {})["Version"])}


def _check(inputs: PropertyMap) -> Iterable[CheckFailure]:
    family, most = inputs.get("addressFamily"), inputs.get("maxEntries")
    if isinstance(family, str) and family not in ("IPv4", "IPv6"):
        yield CheckFailure("addressFamily", f"{family!r} is not one of IPv4, IPv6")
    entries = inputs.get("entries")
    if not isinstance(entries, list):
        return
    if isinstance(most, (int, float)) and len(entries) > most:
        yield CheckFailure("entries", f"has {len(entries)} entries, more than maxEntries, {most:g}")
    for index, entry in enumerate(entries):
        if isinstance(entry, dict):
            yield from cidr_failures(f"entries[{index}].cidr", entry.get("cidr"))


PREFIX_LIST = ResourceType(
    type="aws:ec2/managedPrefixList:ManagedPrefixList",
    service="ec2",
    tier="overlay",
    create=Call(operation="CreateManagedPrefixList", names={"name": "PrefixListName"}),
    id=answered("PrefixList.PrefixListId"),
    read=_read,
    delete=Call(operation="DeleteManagedPrefixList", sends=(), adds=lambda s: {"PrefixListId": s.id}),
    steps=(Step(on=("entries", "maxEntries", "name"), do=_change, at_create=False),),
    outputs={"arn": "PrefixListArn", "ownerId": "OwnerId", "version": lambda s: int(s.at("Version") or 1)},
    echoes={"name": "PrefixListName", "addressFamily": "AddressFamily"},
    find=tagged_alike(
        "DescribeManagedPrefixLists",
        "PrefixLists",
        "PrefixListId",
        lambda s, found: (
            found["PrefixListName"] == s.inputs["name"]
            and not str(found.get("State", "")).startswith("delete")
        ),
    ),
    place=(),
    auto_name=AutoName(limit=255, prefix_property=None),
    unordered=("entries",),
    volatile=("version",),
    tags=ec2_tags("prefix-list"),
    checks=_check,
)

TYPES = (PREFIX_LIST,)
