"""EC2, the ways: route tables, routes and what they are tied to."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.networks import cidr_failures, ec2_tags, tagged_alike
from sandbox.aws.rows import answered, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_DESTINATIONS = {
    "destinationCidrBlock": "DestinationCidrBlock",
    "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}
_INLINE_DESTINATIONS = {
    "cidrBlock": "DestinationCidrBlock",
    "ipv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}
_TARGETS = {
    "carrierGatewayId": "CarrierGatewayId",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
    "gatewayId": "GatewayId",
    "localGatewayId": "LocalGatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "transitGatewayId": "TransitGatewayId",
    "vpcEndpointId": "VpcEndpointId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
}


def _inline(route: PropertyMap) -> Params:
    names = {**_INLINE_DESTINATIONS, **_TARGETS}
    return {member: route[name] for name, member in names.items() if route.get(name)}


def _destination(route: Params) -> tuple[str, str]:
    member = next(member for member in _DESTINATIONS.values() if route.get(member))
    return member, str(route[member])


def put_routes(subject: Subject) -> None:
    """Makes a table's inline routes what the inputs say, against what they said before."""
    wanted = {_destination(_inline(route)): _inline(route) for route in subject.inputs.get("routes") or ()}
    held = {_destination(_inline(route)): _inline(route) for route in subject.before.get("routes") or ()}
    for destination, route in held.items():
        if wanted.get(destination) != route:
            params = {"RouteTableId": subject.id, destination[0]: destination[1]}
            subject.cloud.call("ec2", "DeleteRoute", params)
    for destination, route in wanted.items():
        if held.get(destination) != route:
            subject.cloud.call("ec2", "CreateRoute", {"RouteTableId": subject.id, **route})


def check_inline(inputs: PropertyMap) -> Iterable[CheckFailure]:
    """What EC2 refuses of a table's inline routes."""
    routes = inputs.get("routes")
    for index, route in enumerate(routes if isinstance(routes, list) else ()):
        if not isinstance(route, dict):
            continue
        yield from cidr_failures(f"routes[{index}].cidrBlock", route.get("cidrBlock"))
        if not any(name in route for name in _INLINE_DESTINATIONS):
            yield CheckFailure(f"routes[{index}]", f"needs one of {', '.join(_INLINE_DESTINATIONS)}")
        if not any(name in route for name in _TARGETS):
            yield CheckFailure(f"routes[{index}]", f"needs one of {', '.join(_TARGETS)}")


ROUTE_TABLE = ResourceType(
    type="aws:ec2/routeTable:RouteTable",
    service="ec2",
    tier="native",
    create=Call(operation="CreateRouteTable"),
    id=answered("RouteTable.RouteTableId"),
    read=reading("ec2", "DescribeRouteTables", lambda s: {"RouteTableIds": [s.id]}, "RouteTables.0"),
    delete=Call(operation="DeleteRouteTable", sends=(), adds=lambda s: {"RouteTableId": s.id}),
    steps=(Step(on=("routes",), do=put_routes),),
    outputs={
        "arn": lambda s: s.cloud.arn("ec2", f"route-table/{s.id}"),
        "ownerId": lambda s: s.cloud.account_id,
    },
    echoes={"vpcId": "VpcId"},
    find=tagged_alike(
        "DescribeRouteTables",
        "RouteTables",
        "RouteTableId",
        lambda s, table: (
            table["VpcId"] == s.inputs["vpcId"]
            and not any(association.get("Main") for association in table.get("Associations", ()))
        ),
    ),
    unordered=("routes",),
    tags=ec2_tags("route-table"),
    unsupported=("propagatingVgws",),
    checks=check_inline,
)


def _find_association(subject: Subject, taken: frozenset[str]) -> str | None:
    for table in _tables(subject):
        for association in table.get("Associations", ()):
            held = association.get("SubnetId") or association.get("GatewayId")
            wanted = subject.inputs.get("subnetId") or subject.inputs.get("gatewayId")
            if held == wanted and association["RouteTableAssociationId"] not in taken:
                return str(association["RouteTableAssociationId"])
    return None


def _tables(subject: Subject) -> list[Params]:
    return list(subject.cloud.call("ec2", "DescribeRouteTables")["RouteTables"])


def _read_association(subject: Subject) -> Params | None:
    for table in _tables(subject):
        for association in table.get("Associations", ()):
            if association.get("RouteTableAssociationId") == subject.id:
                return dict(association)
    return None


ROUTE_TABLE_ASSOCIATION = ResourceType(
    type="aws:ec2/routeTableAssociation:RouteTableAssociation",
    service="ec2",
    tier="native",
    create=Call(operation="AssociateRouteTable"),
    id=answered("AssociationId"),
    read=_read_association,
    delete=Call(operation="DisassociateRouteTable", sends=(), adds=lambda s: {"AssociationId": s.id}),
    echoes={"routeTableId": "RouteTableId", "subnetId": "SubnetId", "gatewayId": "GatewayId"},
    find=_find_association,
    place=("subnetId", "gatewayId"),
)


def _route_id(subject: Subject) -> str:
    destination = next(str(subject.inputs[name]) for name in _DESTINATIONS if subject.inputs.get(name))
    return f"{subject.inputs['routeTableId']}_{destination}"


def _read_route(subject: Subject) -> Params | None:
    table, _, destination = subject.id.partition("_")
    found = reading("ec2", "DescribeRouteTables", lambda _: {"RouteTableIds": [table]}, "RouteTables.0")(
        subject
    )
    for route in (found or {}).get("Routes", ()):
        if destination in [route.get(member) for member in _DESTINATIONS.values()]:
            return {**route, "RouteTableId": table}
    return None


def _route_key(subject: Subject) -> Params:
    table, _, destination = subject.id.partition("_")
    member = "DestinationIpv6CidrBlock" if ":" in destination else "DestinationCidrBlock"
    return {
        "RouteTableId": table,
        "DestinationPrefixListId" if destination.startswith("pl-") else member: destination,
    }


def _check_route(inputs: PropertyMap) -> Iterable[CheckFailure]:
    for name in ("destinationCidrBlock", "destinationIpv6CidrBlock"):
        yield from cidr_failures(name, inputs.get(name))
    for names in (_DESTINATIONS, _TARGETS):
        held = [name for name in names if inputs.get(name) is not None]
        if len(held) != 1:
            yield CheckFailure(
                held[1] if held else "", f"exactly one of {', '.join(names)} is needed, not {len(held)}"
            )


ROUTE = ResourceType(
    type="aws:ec2/route:Route",
    service="ec2",
    tier="native",
    create=Call(
        operation="CreateRoute",
        names={"egressOnlyGatewayId": "EgressOnlyInternetGatewayId"},
    ),
    id=_route_id,
    read=_read_route,
    delete=Call(operation="DeleteRoute", sends=(), adds=_route_key),
    steps=(
        Step(
            on=tuple(_TARGETS),
            do=Call(
                operation="ReplaceRoute",
                sends=tuple(_TARGETS),
                names={"egressOnlyGatewayId": "EgressOnlyInternetGatewayId"},
                adds=_route_key,
            ),
            at_create=False,
        ),
    ),
    outputs={"origin": "Origin", "state": "State"},
    echoes={"routeTableId": "RouteTableId", **_DESTINATIONS, "natGatewayId": "NatGatewayId"},
    known_id=_route_id,
    place=("routeTableId", *_DESTINATIONS),
    checks=_check_route,
)


def _main(subject: Subject, vpc: str) -> tuple[str, str] | None:
    """The association that makes a table the VPC's main one, and that table."""
    for table in _tables(subject):
        for association in table.get("Associations", ()):
            if table["VpcId"] == vpc and association.get("Main"):
                return str(association["RouteTableAssociationId"]), str(table["RouteTableId"])
    return None


def _make_main(subject: Subject) -> Params:
    held = _main(subject, str(subject.inputs["vpcId"]))
    if held is None:
        raise LookupError(f"the VPC {subject.inputs['vpcId']} has no main route table")
    params = {"AssociationId": held[0], "RouteTableId": subject.inputs["routeTableId"]}
    answer = subject.cloud.call("ec2", "ReplaceRouteTableAssociation", params)
    return {"Id": answer["NewAssociationId"], "Original": held[1]}


def _read_main(subject: Subject) -> Params | None:
    for table in _tables(subject):
        for association in table.get("Associations", ()):
            if association.get("RouteTableAssociationId") == subject.id and association.get("Main"):
                original = subject.at("Original") or subject.outputs.get("originalRouteTableId")
                return {"RouteTableId": table["RouteTableId"], "VpcId": table["VpcId"], "Original": original}
    return None


def _give_back(subject: Subject) -> None:
    original = subject.outputs.get("originalRouteTableId")
    if _read_main(subject) is not None and original:
        params = {"AssociationId": subject.id, "RouteTableId": original}
        subject.cloud.call("ec2", "ReplaceRouteTableAssociation", params)


def _find_main(subject: Subject, taken: frozenset[str]) -> str | None:
    held = _main(subject, str(subject.inputs["vpcId"]))
    ours = held is not None and held[1] == subject.inputs["routeTableId"] and held[0] not in taken
    return held[0] if ours and held is not None else None


MAIN_ROUTE_TABLE_ASSOCIATION = ResourceType(
    type="aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation",
    service="ec2",
    tier="native",
    create=_make_main,
    id=answered("Id"),
    read=_read_main,
    delete=_give_back,
    outputs={"originalRouteTableId": "Original"},
    echoes={"routeTableId": "RouteTableId", "vpcId": "VpcId"},
    find=_find_main,
    place=("vpcId",),
)

TYPES = (ROUTE_TABLE, ROUTE_TABLE_ASSOCIATION, ROUTE, MAIN_ROUTE_TABLE_ASSOCIATION)
