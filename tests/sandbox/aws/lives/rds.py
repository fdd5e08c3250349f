"""The lives of RDS's databases and their groups."""

from __future__ import annotations

from lives.lb import two_subnets
from lives.life import Life, Make
from sandbox.engine.values import PropertyMap

_CLUSTER = {
    "engine": "aurora-postgresql",
    "masterUsername": "admin1",
    "masterPassword": "correct-horse",
    "skipFinalSnapshot": True,
}


def _instance(make: Make) -> PropertyMap:
    subnets = make(
        "aws:rds/subnetGroup:SubnetGroup", "subnets", {"name": "held", "subnetIds": two_subnets(make)}
    )
    return {
        "engine": "postgres",
        "instanceClass": "db.t3.micro",
        "allocatedStorage": 20,
        "username": "admin1",
        "password": "correct-horse",
        "dbSubnetGroupName": subnets["name"],
        "skipFinalSnapshot": True,
    }


def a_cluster(make: Make) -> PropertyMap:
    return make("aws:rds/cluster:Cluster", "cluster", {**_CLUSTER, "clusterIdentifier": "held-cluster"})


LIVES = [
    Life(
        "aws:redshift/cluster:Cluster",
        lambda _: {
            "clusterIdentifier": "warehouse",
            "nodeType": "ra3.xlplus",
            "masterUsername": "admin1",
            "masterPassword": "Correct-h0rse",
            "skipFinalSnapshot": True,
        },
        {"tags": {"a": "b"}},
        {"databaseName": "other"},
    ),
    Life(
        "aws:redshift/subnetGroup:SubnetGroup",
        lambda make: {"subnetIds": two_subnets(make)},
        {"tags": {"a": "b"}},
        {"description": "other"},
    ),
    Life(
        "aws:rds/instance:Instance",
        _instance,
        {"instanceClass": "db.t3.small", "backupRetentionPeriod": 7, "tags": {"a": "b"}},
        {"username": "other"},
    ),
    Life(
        "aws:rds/subnetGroup:SubnetGroup",
        lambda make: {"subnetIds": two_subnets(make)},
        {"description": "for a test", "tags": {"a": "b"}},
        {"name": "other"},
    ),
    Life(
        "aws:rds/parameterGroup:ParameterGroup",
        lambda _: {"family": "postgres16", "parameters": [{"name": "log_connections", "value": "1"}]},
        {"parameters": [{"name": "log_connections", "value": "0"}]},
        {"family": "postgres15"},
    ),
    Life(
        "aws:rds/clusterParameterGroup:ClusterParameterGroup",
        lambda _: {"family": "aurora-postgresql16"},
        {"tags": {"a": "b"}},
        {"family": "aurora-postgresql15"},
    ),
    Life(
        "aws:rds/cluster:Cluster",
        lambda _: _CLUSTER,
        {"backupRetentionPeriod": 7, "tags": {"a": "b"}},
        {"databaseName": "other"},
    ),
    Life(
        "aws:rds/clusterInstance:ClusterInstance",
        lambda make: {
            "clusterIdentifier": a_cluster(make)["id"],
            "engine": "aurora-postgresql",
            "instanceClass": "db.r6g.large",
        },
        {"instanceClass": "db.r6g.xlarge", "tags": {"a": "b"}},
        {"availabilityZone": "eu-west-1b"},
    ),
]
