"""EC2, what is tied to a VPC endpoint apart from it: its policy, security groups and subnets."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.aws.documents import policy_failures
from sandbox.aws.rows import given, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject


def _endpoint(subject: Subject, id: str) -> Params | None:
    read = reading("ec2", "DescribeVpcEndpoints", lambda _: {"VpcEndpointIds": [id]}, "VpcEndpoints.0")
    found = read(subject)
    gone = found is None or str(found.get("State", "")).lower() in ("deleted", "deleting")
    return None if gone else found


_PUT_POLICY = Call(operation="ModifyVpcEndpoint", names={"policy": "PolicyDocument"})
_OPEN = (
    '{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}'
)
"""What an endpoint has whose policy nobody set (AWS PrivateLink Guide, "Default endpoint policy")."""

POLICY = ResourceType(
    type="aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy",
    service="ec2",
    tier="native",
    create=_PUT_POLICY,
    id=given("vpcEndpointId"),
    read=lambda s: _endpoint(s, s.id),
    # The emulator knows no ResetPolicy.
    delete=Call(
        operation="ModifyVpcEndpoint",
        sends=(),
        adds=lambda s: {"VpcEndpointId": s.id, "PolicyDocument": _OPEN},
    ),
    steps=(Step(on=("policy",), do=_PUT_POLICY, at_create=False),),
    outputs={"policy": lambda s: s.inputs.get("policy") or s.at("PolicyDocument") or _OPEN},
    echoes={"vpcEndpointId": "VpcEndpointId", "policy": "PolicyDocument"},
    known_id=given("vpcEndpointId"),
    place=("vpcEndpointId",),
    documents=("policy",),
    checks=lambda inputs: policy_failures(inputs, "policy", principals=True),
)


def _tie(type: str, property: str, member: str, held: Callable[[Params], list[str]]) -> ResourceType:
    """One thing that an endpoint is tied to; `member` stands in ModifyVpcEndpoint after Add and Remove."""

    def id(subject: Subject) -> str:
        return f"{subject.inputs['vpcEndpointId']}/{subject.inputs[property]}"

    def read(subject: Subject) -> Params | None:
        endpoint, _, tied = subject.id.partition("/")
        found = _endpoint(subject, endpoint)
        if found is None or tied not in held(found):
            return None
        return {"VpcEndpointId": endpoint, "Tied": tied}

    def untie(subject: Subject) -> Params:
        endpoint, _, tied = subject.id.partition("/")
        return {"VpcEndpointId": endpoint, f"Remove{member}": [tied]}

    return ResourceType(
        type=type,
        service="ec2",
        tier="native",
        create=Call(operation="ModifyVpcEndpoint", names={property: f"Add{member}"}),
        id=id,
        read=read,
        delete=Call(operation="ModifyVpcEndpoint", sends=(), adds=untie),
        echoes={"vpcEndpointId": "VpcEndpointId", property: "Tied"},
        known_id=id,
        place=("vpcEndpointId", property),
        unsupported=("replaceDefaultAssociation",) if member == "SecurityGroupIds" else (),
    )


SECURITY_GROUP = _tie(
    "aws:ec2/securityGroupAssociation:SecurityGroupAssociation",
    "securityGroupId",
    "SecurityGroupIds",
    lambda endpoint: [group["GroupId"] for group in endpoint.get("Groups", ())],
)
SUBNET = _tie(
    "aws:ec2/vpcEndpointSubnetAssociation:VpcEndpointSubnetAssociation",
    "subnetId",
    "SubnetIds",
    lambda endpoint: list(endpoint.get("SubnetIds", ())),
)

TYPES = (POLICY, SECURITY_GROUP, SUBNET)
