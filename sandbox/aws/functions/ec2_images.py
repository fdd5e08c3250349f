"""EC2: machine images."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any, Final

from sandbox.aws.cloud import Cloud
from sandbox.aws.invokes import Functions
from sandbox.aws.machine_images import known_images
from sandbox.aws.tagging import parsed
from sandbox.engine.values import PropertyMap

_FILTERS: Final = {
    "architecture": "Architecture",
    "ena-support": "EnaSupport",
    "hypervisor": "Hypervisor",
    "image-id": "ImageId",
    "image-type": "ImageType",
    "is-public": "Public",
    "name": "Name",
    "owner-alias": "ImageOwnerAlias",
    "owner-id": "OwnerId",
    "platform": "Platform",
    "root-device-type": "RootDeviceType",
    "state": "State",
    "virtualization-type": "VirtualizationType",
}


def _fits(image: dict[str, Any], arguments: PropertyMap, account: str) -> bool:
    owners = arguments.get("owners")
    if owners:
        held = {image.get("OwnerId"), image.get("ImageOwnerAlias")}
        held |= {"self"} if image.get("OwnerId") == account else set()
        if not held & set(owners):
            return False
    for wanted in arguments.get("filters") or ():
        member = _FILTERS.get(wanted["name"])
        if member is None:
            continue
        value = image.get(member)
        text = str(value).lower() if isinstance(value, bool) else str(value or "")
        if not any(fnmatchcase(text, pattern) for pattern in wanted["values"]):
            return False
    pattern = arguments.get("nameRegex")
    return not pattern or re.search(pattern, image.get("Name") or "") is not None


def _matching(cloud: Cloud, arguments: PropertyMap) -> list[dict[str, Any]]:
    """The images of the account and of the public, newest first."""
    everything: Iterable[dict[str, Any]] = cloud.call("ec2", "DescribeImages")["Images"]
    account = cloud.account_id
    found = [
        image for image in (*everything, *known_images(cloud.region)) if _fits(image, arguments, account)
    ]
    return sorted(
        found, key=lambda image: (str(image.get("CreationDate") or ""), image["ImageId"]), reverse=True
    )


def _ami(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    found = _matching(cloud, arguments)
    if not found:
        raise LookupError(
            "your query returned no results: no machine image matches. The sandbox knows the emulator's, "
            "your own, and one of each family in sandbox/aws/machine_images.py"
        )
    if len(found) > 1 and not arguments.get("mostRecent"):
        raise LookupError(f"your query returned {len(found)} images: be more specific, or set mostRecent")
    image = found[0]
    return {
        **arguments,
        "architecture": image.get("Architecture"),
        "arn": f"arn:{cloud.partition}:ec2:{cloud.region}::image/{image['ImageId']}",
        "blockDeviceMappings": [],
        "bootMode": image.get("BootMode") or "",
        "creationDate": str(image.get("CreationDate") or ""),
        "deprecationTime": "",
        "description": image.get("Description") or "",
        "enaSupport": bool(image.get("EnaSupport", True)),
        "hypervisor": image.get("Hypervisor") or "xen",
        "id": image["ImageId"],
        "imageId": image["ImageId"],
        "imageLocation": image.get("ImageLocation") or "",
        "imageOwnerAlias": image.get("ImageOwnerAlias") or "",
        "imageType": image.get("ImageType") or "machine",
        "imdsSupport": "",
        "kernelId": "",
        "lastLaunchedTime": "",
        "name": image.get("Name"),
        "ownerId": image.get("OwnerId"),
        "platform": image.get("Platform") or "",
        "platformDetails": "Windows" if image.get("Platform") == "windows" else "Linux/UNIX",
        "productCodes": [],
        "public": bool(image.get("Public")),
        "ramdiskId": "",
        "region": cloud.region,
        "rootDeviceName": image.get("RootDeviceName") or "",
        "rootDeviceType": image.get("RootDeviceType") or "ebs",
        "rootSnapshotId": "",
        "sriovNetSupport": image.get("SriovNetSupport") or "simple",
        "state": image.get("State") or "available",
        "stateReason": {"code": "UNSET", "message": "UNSET"},
        "tags": parsed(image.get("Tags")),
        "tpmSupport": "",
        "usageOperation": "RunInstances",
        "virtualizationType": image.get("VirtualizationType") or "hvm",
    }


def _ids(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    found = [image["ImageId"] for image in _matching(cloud, arguments)]
    return {**arguments, "id": cloud.region, "ids": found, "region": cloud.region}


FUNCTIONS: Final[Functions] = {
    "aws:ec2/getAmi:getAmi": _ami,
    "aws:ec2/getAmiIds:getAmiIds": _ids,
}
