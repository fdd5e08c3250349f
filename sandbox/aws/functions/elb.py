"""Elastic Load Balancing: the accounts and hosted zones that AWS keeps for it."""

from __future__ import annotations

from typing import Final

from sandbox.aws.cloud import Cloud
from sandbox.aws.invokes import Functions
from sandbox.aws.load_balancing import hosted_zone, log_account
from sandbox.engine.values import PropertyMap


def _account(cloud: Cloud, _: PropertyMap) -> PropertyMap:
    account = log_account(cloud.region)
    arn = f"arn:{cloud.partition}:iam::{account}:root"
    return {"arn": arn, "id": account, "region": cloud.region}


def _zone(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    zone = hosted_zone(cloud.region, arguments.get("loadBalancerType"))
    if zone is None:
        raise LookupError(f"the hosted zone of load balancers in {cloud.region} is not known to the sandbox")
    return {**arguments, "id": zone, "region": cloud.region}


FUNCTIONS: Final[Functions] = {
    "aws:elb/getHostedZoneId:getHostedZoneId": _zone,
    "aws:elb/getServiceAccount:getServiceAccount": _account,
    "aws:lb/getHostedZoneId:getHostedZoneId": _zone,
}
