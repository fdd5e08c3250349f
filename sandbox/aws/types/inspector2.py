"""Inspector: what it scans in which accounts."""

from __future__ import annotations

from sandbox.aws.table import Call, Params, ResourceType, Subject

_RESOURCES = {
    "EC2": "ec2",
    "ECR": "ecr",
    "LAMBDA": "lambda",
    "LAMBDA_CODE": "lambdaCode",
    "CODE_REPOSITORY": "codeRepository",
}


def _id(subject: Subject) -> str:
    accounts = ":".join(sorted(subject.inputs["accountIds"]))
    return f"{accounts}-{':'.join(sorted(subject.inputs['resourceTypes']))}"


def _read(subject: Subject) -> Params | None:
    accounts = subject.id.partition("-")[0].split(":")
    found = subject.cloud.call("inspector2", "BatchGetAccountStatus", {"accountIds": accounts})["accounts"]
    enabled = [one for one in found if one["state"]["status"] in ("ENABLED", "ENABLING")]
    if len(enabled) != len(accounts):
        return None
    state = enabled[0]["resourceState"]
    scanned = [
        name
        for name, member in _RESOURCES.items()
        if (state.get(member) or {}).get("status") in ("ENABLED", "ENABLING")
    ]
    return {"accountIds": accounts, "resourceTypes": sorted(scanned)} if scanned else None


def _change(subject: Subject) -> None:
    accounts = list(subject.inputs["accountIds"])
    new, old = set(subject.inputs["resourceTypes"]), set(subject.before["resourceTypes"])
    for operation, kinds in (("Disable", old - new), ("Enable", new - old)):
        if kinds:
            params = {"accountIds": accounts, "resourceTypes": sorted(kinds)}
            subject.cloud.call("inspector2", operation, params)


ENABLER = ResourceType(
    type="aws:inspector2/enabler:Enabler",
    service="inspector2",
    tier="native",
    create=Call(operation="Enable"),
    id=_id,
    read=_read,
    delete=Call(operation="Disable"),
    echoes={"accountIds": "accountIds", "resourceTypes": "resourceTypes"},
    known_id=_id,
    place=("accountIds",),
    unordered=("accountIds", "resourceTypes"),
)

TYPES = (ENABLER,)
