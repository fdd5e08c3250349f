"""EC2, the machines: instances and the keys to log in with."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable

from sandbox.aws import tagging
from sandbox.aws.networks import ec2_tags
from sandbox.aws.requests import build
from sandbox.aws.rows import answered, kept, pages, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject
from sandbox.aws.tagging import parsed
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap, PropertyValue

_NAMES = {
    "ami": "ImageId",
    "availabilityZone": "Placement.AvailabilityZone",
    "hibernation": "HibernationOptions.Configured",
    "hostId": "Placement.HostId",
    "hostResourceGroupArn": "Placement.HostResourceGroupArn",
    "iamInstanceProfile": "IamInstanceProfile.Name",
    "launchTemplate.id": "LaunchTemplateId",
    "launchTemplate.name": "LaunchTemplateName",
    "monitoring": "Monitoring.Enabled",
    "placementGroup": "Placement.GroupName",
    "placementGroupId": "Placement.GroupId",
    "placementPartitionNumber": "Placement.PartitionNumber",
    "privateIp": "PrivateIpAddress",
    "tenancy": "Placement.Tenancy",
    "userDataBase64": "UserData",
    "vpcSecurityGroupIds": "SecurityGroupIds",
}
_UNSUPPORTED = (
    "ephemeralBlockDevices",
    "getPasswordData",
    "ipv6Addresses",
    "primaryNetworkInterface",
    "secondaryNetworkInterfaces",
    "secondaryPrivateIps",
)
_RUN = Call(operation="RunInstances", names=_NAMES, omits=("userData", *_UNSUPPORTED))
_EBS = ("deleteOnTermination", "encrypted", "iops", "kmsKeyId", "snapshotId", "throughput", "volumeType")


def _disk(device: PropertyMap, name: str) -> Params:
    ebs: Params = {
        property[0].upper() + property[1:]: device[property]
        for property in _EBS
        if device.get(property) is not None
    }
    ebs.setdefault("DeleteOnTermination", True)
    if device.get("volumeSize") is not None:
        ebs["VolumeSize"] = int(device["volumeSize"])
    return {"DeviceName": name, "Ebs": ebs}


def _disks(inputs: PropertyMap) -> Params:
    disks = [_disk(device, str(device["deviceName"])) for device in inputs.get("ebsBlockDevices") or ()]
    root = inputs.get("rootBlockDevice")
    if root:
        disks.insert(0, _disk(root, "/dev/sda1"))
    return {"BlockDeviceMappings": disks} if disks else {}


def plain_text(data: str) -> str:
    """User data as it is meant, given as text or in base64, as the real provider takes either."""
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return data


def _run(subject: Subject) -> Params:
    inputs = subject.inputs
    shape = subject.cloud.operation("ec2", "RunInstances").input_shape
    params: Params = {**build(_RUN, shape, inputs).params, "MinCount": 1, "MaxCount": 1, **_disks(inputs)}
    if inputs.get("userData"):
        params["UserData"] = plain_text(str(inputs["userData"]))
    if inputs.get("subnetId") and inputs.get("securityGroups"):
        params["SecurityGroupIds"] = params.pop("SecurityGroups")  # In a subnet EC2 takes ids alone.
    if inputs.get("associatePublicIpAddress") is not None:
        # EC2 takes the address's wish on the interface alone, and then the subnet and groups there too.
        interface: Params = {
            "DeviceIndex": 0,
            "AssociatePublicIpAddress": bool(inputs["associatePublicIpAddress"]),
        }
        for member, moved in (
            ("SubnetId", "SubnetId"),
            ("SecurityGroupIds", "Groups"),
            ("PrivateIpAddress", "PrivateIpAddress"),
        ):
            if member in params:
                interface[moved] = params.pop(member)
        params["NetworkInterfaces"] = [interface]
    params |= tagging.create_params(INSTANCE, inputs)
    if inputs.get("volumeTags"):
        tags = [{"Key": key, "Value": value} for key, value in inputs["volumeTags"].items()]
        params.setdefault("TagSpecifications", []).append({"ResourceType": "volume", "Tags": tags})
    answer = subject.cloud.call("ec2", "RunInstances", params)
    return dict(answer["Instances"][0])


_describe = reading(
    "ec2", "DescribeInstances", lambda s: {"InstanceIds": [s.id]}, "Reservations.0.Instances.0"
)


def _read(subject: Subject) -> Params | None:
    found = _describe(subject)
    gone = found is not None and found["State"]["Name"] in ("terminated", "shutting-down")
    return None if gone else found


def _find(subject: Subject, taken: frozenset[str]) -> str | None:
    wanted = subject.inputs.get("tagsAll") or {}
    for reservation in pages(subject, "ec2", "DescribeInstances", "Reservations"):
        for instance in reservation["Instances"]:
            alive = instance["State"]["Name"] not in ("terminated", "shutting-down")
            same = parsed(instance.get("Tags")) == wanted and all(
                instance.get(member) == subject.inputs.get(name, instance.get(member))
                for name, member in (("ami", "ImageId"), ("subnetId", "SubnetId"))
            )
            if alive and same and instance["InstanceId"] not in taken:
                return str(instance["InstanceId"])
    return None


def _attribute(name: str, member: str, default: PropertyValue, *, stopped: bool = False) -> Step:
    """A property that ModifyInstanceAttribute changes; `stopped`: only while the instance stands still."""

    def modify(subject: Subject) -> None:
        value = subject.inputs.get(name, default)
        instance = {"InstanceIds": [subject.id]}
        if stopped:
            subject.cloud.call("ec2", "StopInstances", instance)
        change = {"InstanceId": subject.id, member: {"Value": value}}
        if member == "SecurityGroupIds":
            change = {"InstanceId": subject.id, "Groups": list(subject.inputs.get(name) or ())}
        subject.cloud.call("ec2", "ModifyInstanceAttribute", change)
        if stopped:
            subject.cloud.call("ec2", "StartInstances", instance)

    return Step(on=(name,), do=modify, at_create=False)


def _set_user_data(subject: Subject) -> None:
    instance = {"InstanceIds": [subject.id]}
    text = plain_text(str(subject.inputs.get("userData") or subject.inputs.get("userDataBase64") or ""))
    subject.cloud.call("ec2", "StopInstances", instance)
    # The emulator takes the text as it keeps it, where AWS takes what the client has encoded.
    change = {"InstanceId": subject.id, "UserData": {"Value": base64.b64encode(text.encode())}}
    subject.cloud.call("ec2", "ModifyInstanceAttribute", change)
    subject.cloud.call("ec2", "StartInstances", instance)


def _check_source(subject: Subject) -> None:
    value = {"Value": bool(subject.inputs.get("sourceDestCheck", True))}
    subject.cloud.call("ec2", "ModifyInstanceAttribute", {"InstanceId": subject.id, "SourceDestCheck": value})


def _set_profile(subject: Subject) -> None:
    filters = [{"Name": "instance-id", "Values": [subject.id]}]
    held = subject.cloud.call("ec2", "DescribeIamInstanceProfileAssociations", {"Filters": filters})
    for association in held["IamInstanceProfileAssociations"]:
        params = {"AssociationId": association["AssociationId"]}
        subject.cloud.call("ec2", "DisassociateIamInstanceProfile", params)
    wanted = subject.inputs.get("iamInstanceProfile")
    if wanted:
        params = {"InstanceId": subject.id, "IamInstanceProfile": {"Name": wanted}}
        subject.cloud.call("ec2", "AssociateIamInstanceProfile", params)


def _terminate(subject: Subject) -> None:
    if subject.inputs.get("forceDestroy") and subject.inputs.get("disableApiTermination"):
        change = {"InstanceId": subject.id, "DisableApiTermination": {"Value": False}}
        subject.cloud.call("ec2", "ModifyInstanceAttribute", change)
    subject.cloud.call("ec2", "TerminateInstances", {"InstanceIds": [subject.id]})


def _check(inputs: PropertyMap) -> Iterable[CheckFailure]:
    if inputs.get("launchTemplate") is None:
        for name in ("ami", "instanceType"):
            if inputs.get(name) is None:
                yield CheckFailure(name, "is required where there is no launchTemplate, and was not given")
    for first, second in (
        ("userData", "userDataBase64"),
        ("securityGroups", "networkInterfaces"),
        ("vpcSecurityGroupIds", "networkInterfaces"),
        ("subnetId", "networkInterfaces"),
        ("associatePublicIpAddress", "networkInterfaces"),
        ("privateIp", "networkInterfaces"),
    ):
        if inputs.get(first) is not None and inputs.get(second) is not None:
            yield CheckFailure(second, f"cannot be given beside {first}")
    data = inputs.get("userData")
    if isinstance(data, str) and len(data.encode()) > _USER_DATA_BYTES:
        yield CheckFailure("userData", f"has more than the {_USER_DATA_BYTES} bytes that are allowed")
    ami = inputs.get("ami")
    if isinstance(ami, str) and not ami.startswith(("ami-", "resolve:ssm:")):
        yield CheckFailure("ami", f"{ami!r} is no image such as ami-0123456789abcdef0")


_USER_DATA_BYTES = 16384
"""Before it is encoded (EC2 User Guide, "Run commands at launch")."""


def _replaced_by(old: PropertyMap, new: PropertyMap) -> Iterable[str]:
    return ("userData", "userDataBase64") if new.get("userDataReplaceOnChange") else ()


def _root_disk(subject: Subject) -> PropertyValue:
    if subject.inputs.get("rootBlockDevice"):
        return subject.inputs["rootBlockDevice"]
    for mapping in subject.at("BlockDeviceMappings") or ():
        if mapping["DeviceName"] == subject.at("RootDeviceName"):
            ebs = mapping["Ebs"]
            volume = {
                "volumeId": ebs["VolumeId"],
                "deleteOnTermination": ebs.get("DeleteOnTermination", True),
            }
            return {**volume, "deviceName": mapping["DeviceName"]}
    return None


def _groups(member: str) -> Callable[[Subject], PropertyValue]:
    return lambda s: sorted(str(group[member]) for group in s.at("SecurityGroups") or ())


INSTANCE = ResourceType(
    type="aws:ec2/instance:Instance",
    service="ec2",
    tier="overlay",
    create=_run,
    checked=(_RUN,),
    id=answered("InstanceId"),
    read=_read,
    delete=_terminate,
    steps=(
        _attribute("instanceType", "InstanceType", None, stopped=True),
        _attribute("ebsOptimized", "EbsOptimized", False, stopped=True),
        _attribute("vpcSecurityGroupIds", "SecurityGroupIds", None),
        _attribute("disableApiTermination", "DisableApiTermination", False),
        _attribute("instanceInitiatedShutdownBehavior", "InstanceInitiatedShutdownBehavior", "stop"),
        Step(on=("userData", "userDataBase64"), do=_set_user_data, at_create=False),
        Step(on=("sourceDestCheck",), do=_check_source),
        Step(on=("iamInstanceProfile",), do=_set_profile, at_create=False),
    ),
    local=(
        "capacityReservationSpecification",
        "creditSpecification",
        "disableApiStop",
        "forceDestroy",
        "maintenanceOptions",
        "metadataOptions",
        "monitoring",
        "privateDnsNameOptions",
        "userDataReplaceOnChange",
        "volumeTags",
    ),
    outputs={
        "ami": "ImageId",
        "arn": lambda s: s.cloud.arn("ec2", f"instance/{s.id}"),
        "associatePublicIpAddress": lambda s: bool(s.at("PublicIpAddress")),
        "availabilityZone": "Placement.AvailabilityZone",
        "disableApiTermination": lambda s: bool(s.inputs.get("disableApiTermination")),
        "ebsOptimized": lambda s: bool(s.inputs.get("ebsOptimized")),
        "instanceInitiatedShutdownBehavior": lambda s: (
            s.inputs.get("instanceInitiatedShutdownBehavior") or "stop"
        ),
        "instanceState": "State.Name",
        "instanceType": "InstanceType",
        "keyName": "KeyName",
        "monitoring": lambda s: bool(s.inputs.get("monitoring")),
        "primaryNetworkInterfaceId": "NetworkInterfaces.0.NetworkInterfaceId",
        "privateDns": "PrivateDnsName",
        "privateIp": "PrivateIpAddress",
        "publicDns": lambda s: s.at("PublicDnsName") or "",
        "publicIp": lambda s: s.at("PublicIpAddress") or "",
        "rootBlockDevice": _root_disk,
        "securityGroups": kept("securityGroups", _groups("GroupName")),
        "sourceDestCheck": lambda s: bool(s.inputs.get("sourceDestCheck", True)),
        "subnetId": "SubnetId",
        "tenancy": lambda s: s.at("Placement.Tenancy") or "default",
        "vpcSecurityGroupIds": kept("vpcSecurityGroupIds", _groups("GroupId")),
    },
    echoes={
        "ami": "ImageId",
        "instanceType": "InstanceType",
        "subnetId": "SubnetId",
        "vpcSecurityGroupIds": _groups("GroupId"),
    },
    find=_find,
    volatile=("publicIp", "publicDns", "instanceState"),
    unordered=("vpcSecurityGroupIds", "securityGroups", "ebsBlockDevices"),
    tags=ec2_tags("instance"),
    unsupported=_UNSUPPORTED,
    checks=_check,
    replaced_by=_replaced_by,
)

TYPES = (INSTANCE,)
