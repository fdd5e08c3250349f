"""EC2, the network: elastic addresses, and the NAT gateways that hold one."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.networks import ec2_tags, tagged_alike
from sandbox.aws.rows import answered, kept, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject
from sandbox.aws.types.ec2 import described_by_id
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap


def _associate(subject: Subject) -> None:
    """Moves the address to the machine or interface that is asked for now, or off the one it is on."""
    names = {"instance": "InstanceId", "networkInterface": "NetworkInterfaceId"}
    wanted = {member: subject.inputs[name] for name, member in names.items() if subject.inputs.get(name)}
    answer = subject.cloud.call("ec2", "DescribeAddresses", {"AllocationIds": [subject.id]})
    address = answer["Addresses"][0]
    held = address.get("AssociationId")
    if held and wanted and all(address.get(member) == value for member, value in wanted.items()):
        return
    if held and not wanted:
        subject.cloud.call("ec2", "DisassociateAddress", {"AssociationId": held})
    if wanted:
        private = subject.inputs.get("associateWithPrivateIp")
        params = {"AllocationId": subject.id, "AllowReassociation": True, **wanted}
        place = {"PrivateIpAddress": private} if private else {}
        subject.cloud.call("ec2", "AssociateAddress", {**params, **place})


def _release(subject: Subject) -> None:
    found = reading("ec2", "DescribeAddresses", lambda s: {"AllocationIds": [s.id]}, "Addresses.0")(subject)
    if found is not None and found.get("AssociationId"):
        subject.cloud.call("ec2", "DisassociateAddress", {"AssociationId": found["AssociationId"]})
    subject.cloud.call("ec2", "ReleaseAddress", {"AllocationId": subject.id})


def _check_address(inputs: PropertyMap) -> Iterable[CheckFailure]:
    instance = inputs.get("instance")
    if instance is not None and inputs.get("networkInterface") is not None:
        yield CheckFailure("networkInterface", "cannot be given beside instance")
    if isinstance(instance, str) and not instance.startswith("i-"):
        yield CheckFailure("instance", f"{instance!r} is no instance such as i-0123456789abcdef0")


EIP = ResourceType(
    type="aws:ec2/eip:Eip",
    service="ec2",
    tier="native",
    create=Call(
        operation="AllocateAddress",
        sends=("domain", "networkBorderGroup", "publicIpv4Pool", "customerOwnedIpv4Pool", "ipamPoolId"),
        adds=lambda s: {"Domain": s.inputs.get("domain") or "vpc"},
    ),
    id=answered("AllocationId"),
    read=described_by_id("DescribeAddresses", "AllocationIds", "Addresses"),
    delete=_release,
    steps=(Step(on=("associateWithPrivateIp", "instance", "networkInterface"), do=_associate),),
    outputs={
        "allocationId": "AllocationId",
        "arn": lambda s: s.cloud.arn("ec2", f"elastic-ip/{s.id}"),
        "publicIp": "PublicIp",
        "publicDns": lambda s: _public_dns(s),
        "associationId": lambda s: s.at("AssociationId") or None,
        "instance": kept("instance", lambda s: s.at("InstanceId") or ""),
        "networkInterface": kept("networkInterface", lambda s: s.at("NetworkInterfaceId") or ""),
        "privateIp": lambda s: s.at("PrivateIpAddress") or "",
        "domain": lambda s: s.at("Domain") or "vpc",
    },
    find=tagged_alike(
        "DescribeAddresses",
        "Addresses",
        "AllocationId",
        lambda s, address: (
            not address.get("AssociationId") or address.get("InstanceId") == s.inputs.get("instance")
        ),
    ),
    tags=ec2_tags("elastic-ip"),
    unsupported=("address",),
    volatile=("associationId", "privateIp"),
    checks=_check_address,
)


def _public_dns(subject: Subject) -> str:
    dashed = str(subject.at("PublicIp")).replace(".", "-")
    zone = "compute-1" if subject.cloud.region == "us-east-1" else f"{subject.cloud.region}.compute"
    return f"ec2-{dashed}.{zone}.amazonaws.com"


def _read_nat(subject: Subject) -> Params | None:
    found = _describe_nat(subject)
    return None if found is None or found.get("State") in ("deleted", "deleting") else found


_describe_nat = described_by_id("DescribeNatGateways", "NatGatewayIds", "NatGateways")

NAT_GATEWAY = ResourceType(
    type="aws:ec2/natGateway:NatGateway",
    service="ec2",
    tier="native",
    create=Call(
        operation="CreateNatGateway",
        sends=("allocationId", "connectivityType", "privateIp", "subnetId", "vpcId", "availabilityMode"),
        names={"privateIp": "PrivateIpAddress"},
    ),
    id=answered("NatGateway.NatGatewayId"),
    read=_read_nat,
    delete=Call(operation="DeleteNatGateway", sends=(), adds=lambda s: {"NatGatewayId": s.id}),
    outputs={
        "connectivityType": lambda s: s.at("ConnectivityType") or "public",
        "networkInterfaceId": "NatGatewayAddresses.0.NetworkInterfaceId",
        "privateIp": "NatGatewayAddresses.0.PrivateIp",
        "publicIp": "NatGatewayAddresses.0.PublicIp",
    },
    echoes={"subnetId": "SubnetId", "allocationId": "NatGatewayAddresses.0.AllocationId"},
    find=tagged_alike(
        "DescribeNatGateways",
        "NatGateways",
        "NatGatewayId",
        lambda s, nat: (
            nat.get("SubnetId") == s.inputs.get("subnetId")
            and nat.get("State") not in ("deleted", "deleting")
        ),
    ),
    tags=ec2_tags("natgateway"),
    unsupported=(
        "availabilityZoneAddresses",
        "secondaryAllocationIds",
        "secondaryPrivateIpAddressCount",
        "secondaryPrivateIpAddresses",
    ),
)

TYPES = (EIP, NAT_GATEWAY)
