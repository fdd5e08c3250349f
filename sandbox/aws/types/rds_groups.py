"""RDS: subnet groups and parameter groups."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.databases import rds_tags, set_parameters
from sandbox.aws.lifecycle import perform
from sandbox.aws.rows import given, identified, reading
from sandbox.aws.table import AutoName, Call, ResourceType, Step, Subject
from sandbox.aws.tagging import create_params
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap


def _check_name(inputs: PropertyMap) -> Iterable[CheckFailure]:
    name = inputs.get("name")
    if isinstance(name, str) and (name != name.lower() or name == "default"):
        yield CheckFailure("name", f"{name!r} must be in lower case, and not be default")


_SUBNET_NAMES = {"name": "DBSubnetGroupName", "description": "DBSubnetGroupDescription"}

_MODIFY = Call(
    operation="ModifyDBSubnetGroup", sends=("name", "description", "subnetIds"), names=_SUBNET_NAMES
)


def _modify(subject: Subject) -> None:
    perform(SUBNET_GROUP, _MODIFY, subject)
    if SUBNET_GROUP.read(subject) is None:  # The emulator forgets a group that it has modified.
        create = Call(operation="CreateDBSubnetGroup", names=_SUBNET_NAMES)
        perform(SUBNET_GROUP, create, subject, create_params(SUBNET_GROUP, subject.inputs))


SUBNET_GROUP = ResourceType(
    type="aws:rds/subnetGroup:SubnetGroup",
    service="rds",
    tier="native",
    create=Call(operation="CreateDBSubnetGroup", names=_SUBNET_NAMES),
    id=given("name"),
    read=reading("rds", "DescribeDBSubnetGroups", identified("DBSubnetGroupName"), "DBSubnetGroups.0"),
    delete=Call(operation="DeleteDBSubnetGroup", sends=(), adds=identified("DBSubnetGroupName")),
    steps=(Step(on=("description", "subnetIds"), do=_modify, at_create=False),),
    outputs={
        "arn": "DBSubnetGroupArn",
        "supportedNetworkTypes": lambda s: sorted(s.at("SupportedNetworkTypes") or ("IPV4",)),
        "vpcId": "VpcId",
    },
    echoes={"name": "DBSubnetGroupName", "description": "DBSubnetGroupDescription"},
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(),
    defaults={"description": "Managed by Pulumi"},
    checked=(_MODIFY,),
    volatile=("vpcId", "supportedNetworkTypes"),
    unordered=("subnetIds",),
    tags=rds_tags(),
    checks=_check_name,
)


def _parameter_group(word: str, cluster: str) -> ResourceType:
    member = f"DB{cluster}ParameterGroupName"

    def put(subject: Subject) -> None:
        set_parameters(subject, f"ModifyDB{cluster}ParameterGroup", f"ResetDB{cluster}ParameterGroup", member)

    return ResourceType(
        type=f"aws:rds/{word}arameterGroup:{word[0].upper()}{word[1:]}arameterGroup",
        service="rds",
        tier="native",
        create=Call(
            operation=f"CreateDB{cluster}ParameterGroup",
            sends=("name", "description", "family"),
            names={"name": member, "family": "DBParameterGroupFamily"},
        ),
        id=given("name"),
        read=reading(
            "rds",
            f"DescribeDB{cluster}ParameterGroups",
            identified(member),
            f"DB{cluster}ParameterGroups.0",
        ),
        delete=Call(operation=f"DeleteDB{cluster}ParameterGroup", sends=(), adds=identified(member)),
        steps=(Step(on=("parameters",), do=put),),
        local=() if cluster else ("skipDestroy",),
        outputs={"arn": f"DB{cluster}ParameterGroupArn"},
        echoes={"name": member, "family": "DBParameterGroupFamily", "description": "Description"},
        known_id=given("name"),
        exclusive=True,
        auto_name=AutoName(),
        defaults={"description": "Managed by Pulumi"},
        unordered=("parameters",),
        tags=rds_tags(),
        checks=_check_name,
    )


TYPES = (SUBNET_GROUP, _parameter_group("p", ""), _parameter_group("clusterP", "Cluster"))
