"""What exists in the emulator beyond a fresh account: the count that a destroy is judged by.

Every back end that was touched is compared with a fresh one of its kind, attribute by attribute, so that a
service needs no line here to be counted. Since a back end's defaults follow from its name (see
`determinism`), the default VPC and its like are equal in both and drop out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend

from sandbox.runtime.host import determinism
from sandbox.runtime.overlay import Remaining

_NO_RESOURCES = frozenset({"moto_api", "instance_metadata", "sts", "sso-admin", "meta", "account"})
"""Services whose objects are bookkeeping or sessions."""

_BOOKKEEPING = {
    "*": {"tags", "tagger", "tagging_service", "resources", "client_tokens", "next_tokens"},
    "cloudwatch": {"metric_data", "past_metric_data", "paged_metric_data"},
    "ec2": {"network_acl_associations", "vpc_refs", "keypairs_by_name", "amis", "snapshots_by_ami"},
    "events": {"event_buses_by_arn"},
    "iam": {"access_keys", "account_aliases", "account_summary", "policy_arn_regex"},
    "kms": {"aliases"},
    "rds": {"events"},
    "resourcegroupstaggingapi": {"*"},
    "route53": {"delegation_sets"},
    "sagemaker": {"model_package_name_mapping"},
    "sns": {"sms_attributes", "opt_out_numbers", "sms_messages", "sms_message_objects"},
    "sqs": {"messages"},
}
"""Attributes that count the same thing twice, or no resource; what has no `BaseModel` in it is left out
anyway."""

_GONE = frozenset(
    {
        "deleted",
        "deleting",
        "delete-complete",
        "terminated",
        "shutting-down",
        "DELETED",
        "DELETING",
        "INACTIVE",
        "TERMINATED",
    }
)
_STATE_ATTRIBUTES = ("state", "status", "_state", "instance_state")


@dataclass
class RemainingFound:
    """What was found."""

    remaining: list[Remaining] = field(default_factory=list)
    scheduled: list[Remaining] = field(default_factory=list)

    def as_document(self, account: str = "") -> dict[str, Any]:
        """As the administration answers it; of one account, where it is named."""
        return {
            "remaining": [asdict(one) for one in self.remaining if account in ("", one.account)],
            "scheduled": [asdict(one) for one in self.scheduled if account in ("", one.account)],
        }


def remaining_in() -> RemainingFound:
    """Counts every back end that was touched. To be called under the emulator's lock."""
    found = RemainingFound()
    for backends in list(_touched()):
        service = backends.service_name
        if service in _NO_RESOURCES:
            continue
        for account, region, backend in list(backends.iter_backends()):
            fresh = _fresh_identities(
                type(backend).__module__, type(backend).__name__, service, account, region
            )
            for kind, identity, item in _resources(backend, service):
                if (kind, identity) in fresh:
                    continue
                one = Remaining(service, kind, identity, account)
                (found.scheduled if _is_scheduled(item) else found.remaining).append(one)
    return found


def _touched() -> list[BackendDict[Any]]:
    return BackendDict._instances  # type: ignore[misc]


@cache
def _fresh_identities(
    module: str, name: str, service: str, account: str, region: str
) -> frozenset[tuple[str, str]]:
    kind: type[BaseBackend] = getattr(sys.modules[module], name)
    with determinism.first_touch(service, account, region):
        fresh = kind(region, account)
    return frozenset((attribute, identity) for attribute, identity, _ in _resources(fresh, service))


def _resources(backend: BaseBackend, service: str) -> Iterator[tuple[str, str, Any]]:
    left_out = _BOOKKEEPING["*"] | _BOOKKEEPING.get(service, set())
    if "*" in left_out - _BOOKKEEPING["*"]:
        return
    for attribute, value in list(vars(backend).items()):
        if attribute in left_out:
            continue
        kind = attribute.strip("_")
        for identity, item in _items(value):
            if not _is_gone(item) and not _is_managed_by_aws(item) and not _comes_with_another(backend, item):
                yield kind, identity, item


def _items(value: Any, inside: str = "") -> Iterator[tuple[str, Any]]:
    """The emulator's objects within mappings, lists and its own storage classes, with their keys."""
    if isinstance(value, Mapping):
        for key, item in list(value.items()):
            if _is_resource(item):
                yield str(key), item
                yield from _items(_held_by(item))
            elif isinstance(item, Mapping | list):
                yield from _items(item, str(key))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            if _is_resource(item):
                yield _identity(item) or f"{inside}[{place}]", item
    elif type(value).__name__ == "LambdaStorage":
        for function in value.all():
            yield function.function_name, function


def _held_by(item: Any) -> Any:
    """What stands in something that every account has, and would not be counted with it."""
    attribute = {"EventBus": "rules", "ScheduleGroup": "schedules"}.get(type(item).__name__, "")
    return getattr(item, attribute, None)


def _is_resource(item: Any) -> bool:
    return type(item).__module__.startswith("moto.") and not isinstance(item, BaseBackend)


def _identity(item: Any) -> str:
    for attribute in ("arn", "id", "name"):
        given = getattr(item, attribute, None)
        if isinstance(given, str) and given:
            return given
    return ""


def _is_gone(item: Any) -> bool:
    kind = type(item).__name__
    if kind == "Reservation":
        return all(_is_gone(instance) for instance in item.instances)
    if kind == "AccountStatus":
        return bool(item._status() == "DISABLED")  # Inspector, switched off: what every account begins with.
    if kind == "NetworkInterface" and item.instance is not None and _is_gone(item.instance):
        return True  # It went with its instance, of which the emulator keeps a trace.
    if kind == "AccountStatus":
        return bool(item._status() == "DISABLED")  # Inspector, of which an account has always had a status.
    for attribute in _STATE_ATTRIBUTES:
        state = getattr(item, attribute, None)
        name = state if isinstance(state, str) else getattr(state, "name", None)
        if isinstance(name, str) and name in _GONE:
            return True
    return False


def _is_managed_by_aws(item: Any) -> bool:
    return getattr(item, "key_manager", "") == "AWS" or type(item).__name__ == "AWSManagedPolicy"


def _comes_with_another(backend: Any, item: Any) -> bool:
    """What a VPC or a gateway brings with it, and takes with it on AWS: it counts with its owner."""
    # By service too: Redshift has security groups of its own.
    kind = f"{type(item).__module__.split('.')[1]}.{type(item).__name__}"
    if kind == "ec2.NetworkAcl":
        return bool(item.default)
    if kind == "ec2.SecurityGroup":
        return bool(item.name == "default")
    if kind == "ec2.RouteTable":
        return bool(item.main_association_id)
    if kind in ("rds.DBParameterGroup", "rds.DBClusterParameterGroup", "rds.OptionGroup"):
        return bool(item.name.startswith("default"))
    if kind == "ec2.NetworkInterface":
        return any(gateway._eni is item for gateway in backend.nat_gateways.values())
    return False


def _is_scheduled(item: Any) -> bool:
    if getattr(item, "key_state", "") in {"PendingDeletion", "PendingReplicaDeletion"}:
        return True
    return bool(getattr(item, "deleted_date", None))
