"""EC2, how machines are started: launch templates and launch configurations."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from sandbox.aws.lifecycle import perform
from sandbox.aws.networks import ec2_tags
from sandbox.aws.rows import answered, given, identified, pages, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject
from sandbox.aws.types.ec2_instances import plain_text
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_DATA = (
    "blockDeviceMappings",
    "capacityReservationSpecification",
    "cpuOptions",
    "creditSpecification",
    "disableApiStop",
    "disableApiTermination",
    "ebsOptimized",
    "enclaveOptions",
    "hibernationOptions",
    "iamInstanceProfile",
    "imageId",
    "instanceInitiatedShutdownBehavior",
    "instanceMarketOptions",
    "instanceRequirements",
    "instanceType",
    "kernelId",
    "keyName",
    "licenseSpecifications",
    "maintenanceOptions",
    "metadataOptions",
    "monitoring",
    "networkInterfaces",
    "networkPerformanceOptions",
    "placement",
    "privateDnsNameOptions",
    "secondaryInterfaces",
    "tagSpecifications",
    "userData",
)
_NAMES = {
    **{name: f"LaunchTemplateData.{name[0].upper()}{name[1:]}" for name in _DATA},
    "description": "VersionDescription",
    "name": "LaunchTemplateName",
    "ramDiskId": "LaunchTemplateData.RamDiskId",
    "securityGroupNames": "LaunchTemplateData.SecurityGroups",
    "vpcSecurityGroupIds": "LaunchTemplateData.SecurityGroupIds",
    "capacityReservationSpecification.capacityReservationTarget.capacityReservationResourceGroupArn": (
        "CapacityReservationResourceGroupArn"
    ),
    "networkInterfaces.ipv4Addresses": "",
    "networkInterfaces.ipv6Addresses": "",
    "networkInterfaces.ipv4AddressCount": "SecondaryPrivateIpAddressCount",
    "networkInterfaces.securityGroups": "Groups",
}
_CHANGED = (*_DATA, "description", "ramDiskId", "securityGroupNames", "vpcSecurityGroupIds")


def _addresses(subject: Subject) -> Params:
    """The template's data in full; what the walk cannot say: addresses, which EC2 has as objects."""
    interfaces = subject.inputs.get("networkInterfaces") or ()
    if not any(item.get("ipv6Addresses") or item.get("ipv4Addresses") for item in interfaces):
        return {} if subject.inputs.keys() & set(_CHANGED) - {"description"} else {"LaunchTemplateData": {}}
    found = []
    for item in interfaces:
        groups = {"Groups": list(item["securityGroups"])} if item.get("securityGroups") else {}
        one: Params = {"DeviceIndex": int(item.get("deviceIndex") or 0), **groups}
        one["Ipv6Addresses"] = [{"Ipv6Address": address} for address in item.get("ipv6Addresses") or ()]
        one["PrivateIpAddresses"] = [
            {"PrivateIpAddress": address, "Primary": place == 0}
            for place, address in enumerate(item.get("ipv4Addresses") or ())
        ]
        if item.get("subnetId"):
            one["SubnetId"] = item["subnetId"]
        found.append({name: value for name, value in one.items() if value != []})
    return {"LaunchTemplateData": {"NetworkInterfaces": found}}


_NEW_VERSION = Call(
    operation="CreateLaunchTemplateVersion",
    sends=_CHANGED,
    names=_NAMES,
    adds=lambda s: {**_addresses(s), "LaunchTemplateId": s.id},
)


def _change(subject: Subject) -> None:
    answer = perform(LAUNCH_TEMPLATE, _NEW_VERSION, subject)
    if subject.inputs.get("updateDefaultVersion"):
        newest = str(answer["LaunchTemplateVersion"]["VersionNumber"])
        params = {"LaunchTemplateId": subject.id, "DefaultVersion": newest}
        subject.cloud.call("ec2", "ModifyLaunchTemplate", params)


def _set_default(subject: Subject) -> None:
    if subject.inputs.get("defaultVersion") is not None:
        version = str(int(subject.inputs["defaultVersion"]))
        params = {"LaunchTemplateId": subject.id, "DefaultVersion": version}
        subject.cloud.call("ec2", "ModifyLaunchTemplate", params)


def _find(subject: Subject, taken: frozenset[str]) -> str | None:
    for template in pages(subject, "ec2", "DescribeLaunchTemplates", "LaunchTemplates"):
        named = template["LaunchTemplateName"] == subject.inputs["name"]
        if named and template["LaunchTemplateId"] not in taken:
            return str(template["LaunchTemplateId"])
    return None


def _check_template(inputs: PropertyMap) -> Iterable[CheckFailure]:
    if inputs.get("defaultVersion") is not None and inputs.get("updateDefaultVersion"):
        yield CheckFailure("updateDefaultVersion", "cannot be given beside defaultVersion")
    if inputs.get("instanceType") is not None and inputs.get("instanceRequirements") is not None:
        yield CheckFailure("instanceRequirements", "cannot be given beside instanceType")
    data = inputs.get("userData")
    if isinstance(data, str) and plain_text(data) == data:
        yield CheckFailure("userData", "must be in base64 in a launch template (EC2 refuses plain text)")


LAUNCH_TEMPLATE = ResourceType(
    type="aws:ec2/launchTemplate:LaunchTemplate",
    service="ec2",
    tier="native",
    create=Call(operation="CreateLaunchTemplate", names=_NAMES, adds=_addresses),
    id=answered("LaunchTemplate.LaunchTemplateId"),
    read=reading(
        "ec2", "DescribeLaunchTemplates", lambda s: {"LaunchTemplateIds": [s.id]}, "LaunchTemplates.0"
    ),
    delete=Call(operation="DeleteLaunchTemplate", sends=(), adds=identified("LaunchTemplateId")),
    steps=(
        Step(on=_CHANGED, do=_change, at_create=False),
        Step(on=("defaultVersion",), do=_set_default, at_create=False),
    ),
    local=("updateDefaultVersion",),
    checked=(_NEW_VERSION,),
    outputs={
        "arn": lambda s: s.cloud.arn("ec2", f"launch-template/{s.id}"),
        "defaultVersion": "DefaultVersionNumber",
        "latestVersion": "LatestVersionNumber",
        "name": "LaunchTemplateName",
    },
    echoes={"name": "LaunchTemplateName"},
    find=_find,
    exclusive=False,
    auto_name=AutoName(limit=128),
    volatile=("latestVersion", "defaultVersion"),
    unordered=("vpcSecurityGroupIds",),
    tags=ec2_tags("launch-template"),
    checks=_check_template,
)

_LAUNCH_NAMES = {
    "ebsBlockDevices": "",
    "enableMonitoring": "InstanceMonitoring.Enabled",
    "name": "LaunchConfigurationName",
    "userDataBase64": "",
}


def _launch(subject: Subject) -> Params:
    params: Params = {}
    data = subject.inputs.get("userDataBase64")
    if data is None and subject.inputs.get("userData") is not None:
        data = base64.b64encode(plain_text(str(subject.inputs["userData"])).encode()).decode()
    if data is not None:
        params["UserData"] = data
    disks = []
    root = subject.inputs.get("rootBlockDevice")
    devices = [
        *([{**root, "deviceName": "/dev/xvda"}] if root else []),
        *(subject.inputs.get("ebsBlockDevices") or ()),
    ]
    for device in devices:
        ebs = {
            name[0].upper() + name[1:]: int(device[name]) if name in _WHOLE else device[name]
            for name in (
                "deleteOnTermination",
                "encrypted",
                "iops",
                "snapshotId",
                "throughput",
                "volumeSize",
                "volumeType",
            )
            if device.get(name) is not None
        }
        disks.append({"DeviceName": device["deviceName"], "Ebs": ebs})
    return {**params, **({"BlockDeviceMappings": disks} if disks else {})}


_WHOLE = ("iops", "throughput", "volumeSize")

LAUNCH_CONFIGURATION = ResourceType(
    type="aws:ec2/launchConfiguration:LaunchConfiguration",
    service="autoscaling",
    tier="native",
    create=Call(
        operation="CreateLaunchConfiguration", names=_LAUNCH_NAMES, omits=("userData",), adds=_launch
    ),
    id=given("name"),
    read=reading(
        "autoscaling",
        "DescribeLaunchConfigurations",
        lambda s: {"LaunchConfigurationNames": [s.id]},
        "LaunchConfigurations.0",
    ),
    delete=Call(operation="DeleteLaunchConfiguration", sends=(), adds=identified("LaunchConfigurationName")),
    outputs={
        "arn": "LaunchConfigurationARN",
        "ebsOptimized": lambda s: bool(s.inputs.get("ebsOptimized")),
        "keyName": lambda s: s.at("KeyName") or "",
    },
    echoes={"name": "LaunchConfigurationName", "imageId": "ImageId", "instanceType": "InstanceType"},
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(),
    unordered=("securityGroups", "ebsBlockDevices"),
    unsupported=("ephemeralBlockDevices",),
)

TYPES = (LAUNCH_TEMPLATE, LAUNCH_CONFIGURATION)
