"""Do keys of several regions and locked buckets behave as on AWS, where the emulator alone would not?"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError


def _replicated(cloud: Any) -> tuple[Any, Any, str]:
    east, west = (cloud.client("kms", region_name=region) for region in ("us-east-1", "us-west-2"))
    key = east.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    east.replicate_key(KeyId=key, ReplicaRegion="us-west-2")
    return east, west, key


def test_what_one_region_encrypts_the_other_decrypts(cloud: Any) -> None:
    east, west, key = _replicated(cloud)
    assert len(key) == 36
    for here, there in ((east, west), (west, east)):
        sealed = here.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
        for region in (here, there):
            opened = region.decrypt(CiphertextBlob=sealed, KeyId=key)
            assert opened["Plaintext"] == b"secret"
            assert region.meta.region_name in opened["KeyId"]


def test_a_primary_stays_the_primary_of_its_replica(cloud: Any) -> None:
    east, west, key = _replicated(cloud)
    told = [
        region.describe_key(KeyId=key)["KeyMetadata"]["MultiRegionConfiguration"]
        for region in (west, east, west)
    ]
    assert [one["MultiRegionKeyType"] for one in told] == ["REPLICA", "PRIMARY", "REPLICA"]
    assert {one["PrimaryKey"]["Region"] for one in told} == {"us-east-1"}
    assert [one["Region"] for one in told[1]["ReplicaKeys"]] == ["us-west-2"]


def test_a_replica_takes_an_alias_of_the_name_that_its_primary_has(cloud: Any) -> None:
    east, west, key = _replicated(cloud)
    for region in (east, west):
        region.create_alias(AliasName="alias/zone", TargetKeyId=key)
    sealed = east.encrypt(KeyId="alias/zone", Plaintext=b"secret")["CiphertextBlob"]
    assert west.decrypt(CiphertextBlob=sealed, KeyId="alias/zone")["Plaintext"] == b"secret"
    west.delete_alias(AliasName="alias/zone")
    assert [one["AliasName"] for one in east.list_aliases(KeyId=key)["Aliases"]] == ["alias/zone"]


def test_a_region_that_still_has_the_replica_takes_no_second_one(cloud: Any) -> None:
    east, west, key = _replicated(cloud)
    west.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    with pytest.raises(ClientError, match="AlreadyExists"):
        east.replicate_key(KeyId=key, ReplicaRegion="us-west-2")


def test_a_bucket_with_objects_can_be_locked_and_relaxed(cloud: Any) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="locked-later")
    versioned = {"Status": "Enabled"}
    s3.put_bucket_versioning(Bucket="locked-later", VersioningConfiguration=versioned)
    s3.put_object(Bucket="locked-later", Key="before", Body=b"x")
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 3}}
    lock = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    s3.put_object_lock_configuration(Bucket="locked-later", ObjectLockConfiguration=lock)
    locked = s3.put_object(Bucket="locked-later", Key="during", Body=b"x")["VersionId"]
    relaxed = {"ObjectLockEnabled": "Enabled"}
    s3.put_object_lock_configuration(Bucket="locked-later", ObjectLockConfiguration=relaxed)
    free = s3.put_object(Bucket="locked-later", Key="after", Body=b"x")["VersionId"]
    s3.delete_object(Bucket="locked-later", Key="after", VersionId=free)
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket="locked-later", Key="during", VersionId=locked)
    s3.delete_object(Bucket="locked-later", Key="during", VersionId=locked, BypassGovernanceRetention=True)
    assert s3.get_object(Bucket="locked-later", Key="before")["Body"].read() == b"x"


def test_a_gateway_endpoint_routes_in_the_tables_that_it_has_now_and_can_be_deleted(cloud: Any) -> None:
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    first, second = (ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2))
    service = "com.amazonaws.us-east-1.s3"
    made = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName=service, VpcEndpointType="Gateway", RouteTableIds=[first]
    )
    endpoint = made["VpcEndpoint"]["VpcEndpointId"]

    def routed() -> list[bool]:
        tables = [ec2.describe_route_tables(RouteTableIds=[one])["RouteTables"][0] for one in (first, second)]
        return [any(route.get("GatewayId") == endpoint for route in table["Routes"]) for table in tables]

    assert routed() == [True, False]
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddRouteTableIds=[second], RemoveRouteTableIds=[first])
    assert routed() == [False, True]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    assert routed() == [False, False]
