"""Public machine images that programs look up by name: the emulator's own are few and old.

One a family, with a name of the owner's own pattern (Amazon Linux, Ubuntu, Debian and Red Hat release notes,
autumn 2025). An id follows from the region and the name, so that every look-up finds the same image.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_AMAZON: Final = "137112412989"
_ECS: Final = "591542846629"
_EKS: Final = "602401143452"
_CANONICAL: Final = "099720109477"
_WINDOWS: Final = "801119661308"
_CREATED: Final = "2025-10-15T00:00:00.000Z"


@dataclass(frozen=True)
class Family:
    """A family's newest image; `{arch}` stands for each architecture, in the owner's own spelling."""

    name: str
    owner: str
    architectures: tuple[tuple[str, str], ...] = (("x86_64", "x86_64"), ("arm64", "arm64"))
    root: str = "/dev/xvda"
    platform: str = ""


_UBUNTU: Final = (("amd64", "x86_64"), ("arm64", "arm64"))
_X86: Final = (("x86_64", "x86_64"),)
FAMILIES: Final = (
    Family("al2023-ami-2023.9.20251014.0-kernel-6.1-{arch}", _AMAZON),
    Family("al2023-ami-minimal-2023.9.20251014.0-kernel-6.1-{arch}", _AMAZON),
    Family("amzn2-ami-hvm-2.0.20251014.0-{arch}-gp2", _AMAZON),
    Family("amzn2-ami-hvm-2.0.20251014.0-{arch}-ebs", _AMAZON, _X86),
    Family("amzn2-ami-kernel-5.10-hvm-2.0.20251014.0-{arch}-gp2", _AMAZON),
    Family("amzn-ami-hvm-2018.03.0.20231218.0-{arch}-gp2", _AMAZON, _X86),
    Family("amzn-ami-hvm-2018.03.0.20231218.0-{arch}-ebs", _AMAZON, _X86),
    Family("amzn-ami-2018.03.20231218-amazon-ecs-optimized", _ECS, _X86),
    Family("amzn2-ami-ecs-hvm-2.0.20251014-{arch}-ebs", _ECS),
    Family("al2023-ami-ecs-hvm-2023.0.20251014-kernel-6.1-{arch}", _ECS),
    Family("amazon-eks-node-1.31-v20251014", _EKS, _X86),
    Family(
        "ubuntu/images/hvm-ssd/ubuntu-bionic-18.04-{arch}-server-20230607", _CANONICAL, _UBUNTU, "/dev/sda1"
    ),
    Family(
        "ubuntu/images/hvm-ssd/ubuntu-focal-20.04-{arch}-server-20250603", _CANONICAL, _UBUNTU, "/dev/sda1"
    ),
    Family(
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-{arch}-server-20251015", _CANONICAL, _UBUNTU, "/dev/sda1"
    ),
    Family(
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-{arch}-server-20251015",
        _CANONICAL,
        _UBUNTU,
        "/dev/sda1",
    ),
    Family("debian-12-{arch}-20251006-2257", "136693071363", _UBUNTU),
    Family("RHEL-9.6.0_HVM-20251007-{arch}-0-Hourly2-GP3", "309956199498", root="/dev/sda1"),
    Family("Windows_Server-2022-English-Full-Base-2025.10.15", _WINDOWS, _X86, "/dev/sda1", "windows"),
)
_ALIASES: Final = {_AMAZON: "amazon", _ECS: "amazon", _EKS: "amazon", _WINDOWS: "amazon"}


def known_images(region: str) -> Iterator[dict[str, Any]]:
    """The images, as DescribeImages would have them in the region."""
    for family in FAMILIES:
        for spelt, architecture in family.architectures:
            name = family.name.format(arch=spelt)
            digits = hashlib.sha256(f"{region}/{name}".encode()).hexdigest()
            yield {
                "Architecture": architecture,
                "CreationDate": _CREATED,
                "Description": name,
                "EnaSupport": True,
                "Hypervisor": "xen",
                "ImageId": f"ami-{digits[:17]}",
                "ImageLocation": f"{_ALIASES.get(family.owner, family.owner)}/{name}",
                "ImageOwnerAlias": _ALIASES.get(family.owner),
                "ImageType": "machine",
                "Name": name,
                "OwnerId": family.owner,
                "Platform": family.platform or None,
                "Public": True,
                "RootDeviceName": family.root,
                "RootDeviceType": "ebs",
                "State": "available",
                "VirtualizationType": "hvm",
            }
