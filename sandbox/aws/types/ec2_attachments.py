"""EC2, what is put on a machine: addresses and volumes."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.networks import ec2_tags, tagged_alike
from sandbox.aws.rows import answered, kept, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_read_address = reading(
    "ec2",
    "DescribeAddresses",
    lambda s: {"Filters": [{"Name": "association-id", "Values": [s.id]}]},
    "Addresses.0",
)


def _find_association(subject: Subject, taken: frozenset[str]) -> str | None:
    for address in subject.cloud.call("ec2", "DescribeAddresses")["Addresses"]:
        same = address.get("AllocationId") == subject.inputs.get("allocationId")
        association = address.get("AssociationId")
        if same and association and association not in taken:
            return str(association)
    return None


def _check_association(inputs: PropertyMap) -> Iterable[CheckFailure]:
    if (inputs.get("allocationId") is None) == (inputs.get("publicIp") is None):
        yield CheckFailure("allocationId", "exactly one of allocationId and publicIp is needed")
    if inputs.get("instanceId") is None and inputs.get("networkInterfaceId") is None:
        yield CheckFailure("instanceId", "one of instanceId and networkInterfaceId is needed")


EIP_ASSOCIATION = ResourceType(
    type="aws:ec2/eipAssociation:EipAssociation",
    service="ec2",
    tier="native",
    create=Call(operation="AssociateAddress"),
    id=answered("AssociationId"),
    read=_read_address,
    delete=Call(operation="DisassociateAddress", sends=(), adds=lambda s: {"AssociationId": s.id}),
    outputs={
        "allocationId": kept("allocationId", "AllocationId"),
        "instanceId": kept("instanceId", "InstanceId"),
        "networkInterfaceId": kept("networkInterfaceId", "NetworkInterfaceId"),
        "privateIpAddress": kept("privateIpAddress", "PrivateIpAddress"),
        "publicIp": kept("publicIp", "PublicIp"),
    },
    echoes={"allocationId": "AllocationId", "instanceId": "InstanceId"},
    find=_find_association,
    place=("allocationId", "publicIp"),
    checks=_check_association,
)


def _read_volume(subject: Subject) -> Params | None:
    found = reading("ec2", "DescribeVolumes", lambda s: {"VolumeIds": [s.id]}, "Volumes.0")(subject)
    return None if found is None or found.get("State") in ("deleted", "deleting") else found


def _check_volume(inputs: PropertyMap) -> Iterable[CheckFailure]:
    if inputs.get("size") is None and inputs.get("snapshotId") is None:
        yield CheckFailure("size", "one of size and snapshotId is needed")
    kind = inputs.get("type")
    if inputs.get("iops") is not None and isinstance(kind, str) and kind not in ("gp3", "io1", "io2"):
        yield CheckFailure("iops", f"cannot be given for the type {kind}: gp3, io1 and io2 alone take it")
    if kind in ("io1", "io2") and inputs.get("iops") is None:
        yield CheckFailure("iops", f"is required for the type {kind} and was not given")
    if inputs.get("throughput") is not None and isinstance(kind, str) and kind != "gp3":
        yield CheckFailure("throughput", f"cannot be given for the type {kind}: gp3 alone takes it")


_VOLUME_NAMES = {"type": "VolumeType"}
_RESIZED = ("iops", "size", "throughput", "type")

VOLUME = ResourceType(
    type="aws:ebs/volume:Volume",
    service="ec2",
    tier="native",
    create=Call(operation="CreateVolume", names=_VOLUME_NAMES),
    id=answered("VolumeId"),
    read=_read_volume,
    delete=Call(operation="DeleteVolume", sends=(), adds=lambda s: {"VolumeId": s.id}),
    steps=(
        Step(
            on=_RESIZED,
            do=Call(
                operation="ModifyVolume",
                sends=_RESIZED,
                names=_VOLUME_NAMES,
                adds=lambda s: {"VolumeId": s.id},
            ),
            at_create=False,
        ),
    ),
    local=("finalSnapshot",),
    outputs={
        "arn": lambda s: s.cloud.arn("ec2", f"volume/{s.id}"),
        "createTime": lambda s: s.at("CreateTime").isoformat(),
        "encrypted": lambda s: bool(s.inputs.get("encrypted")),
        "size": kept("size", "Size"),
        "type": kept("type", "VolumeType"),
    },
    echoes={"availabilityZone": "AvailabilityZone", "size": "Size"},
    find=tagged_alike(
        "DescribeVolumes",
        "Volumes",
        "VolumeId",
        lambda s, volume: bool(
            volume["AvailabilityZone"] == s.inputs["availabilityZone"]
            and volume["Size"] == s.inputs.get("size", volume["Size"])
        ),
    ),
    tags=ec2_tags("volume"),
    unsupported=("outpostArn",),
    checks=_check_volume,
)


def _attachment_id(subject: Subject) -> str:
    """The real provider makes an id of the three; here they stand in it, so that a read finds them."""
    inputs = subject.inputs
    return f"vai-{inputs['volumeId']}:{inputs['instanceId']}:{inputs['deviceName']}"


def _parts(subject: Subject) -> tuple[str, str, str]:
    volume, instance, device = subject.id.removeprefix("vai-").split(":", 2)
    return volume, instance, device


def _read_attachment(subject: Subject) -> Params | None:
    volume, instance, device = _parts(subject)
    found = reading("ec2", "DescribeVolumes", lambda _: {"VolumeIds": [volume]}, "Volumes.0")(subject)
    for item in (found or {}).get("Attachments", ()):
        if item["InstanceId"] == instance and item["Device"] == device:
            return dict(item)
    return None


def _detach(subject: Subject) -> None:
    volume, instance, device = _parts(subject)
    if subject.inputs.get("skipDestroy"):
        return
    params = {"VolumeId": volume, "InstanceId": instance, "Device": device}
    subject.cloud.call("ec2", "DetachVolume", {**params, "Force": bool(subject.inputs.get("forceDetach"))})


VOLUME_ATTACHMENT = ResourceType(
    type="aws:ec2/volumeAttachment:VolumeAttachment",
    service="ec2",
    tier="native",
    create=Call(operation="AttachVolume", names={"deviceName": "Device"}),
    id=_attachment_id,
    read=_read_attachment,
    delete=_detach,
    local=("forceDetach", "skipDestroy", "stopInstanceBeforeDetaching"),
    echoes={"volumeId": "VolumeId", "instanceId": "InstanceId", "deviceName": "Device"},
    known_id=_attachment_id,
    place=("volumeId", "instanceId", "deviceName"),
)

TYPES = (EIP_ASSOCIATION, VOLUME, VOLUME_ATTACHMENT)
