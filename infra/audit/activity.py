"""Activity: which changes in the account wake somebody, or are at least written down for them?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.foundation.alarm import Severity, Topics, alarm
from infra.foundation.foundation import Foundation


@dataclass(frozen=True, kw_only=True)
class Activity:
    """What is looked for: `pattern` is CloudWatch Logs' filter over the trail's events; `cis` is the control
    of CIS AWS Foundations 3.0."""

    name: str
    cis: str
    says: str
    severity: Severity
    pattern: str


def _any_of(*events: str) -> str:
    return " || ".join(f"($.eventName = {event})" for event in events)


def _named(*events: str) -> str:
    return f"{{ {_any_of(*events)} }}"


def _of(service: str, *events: str) -> str:
    return f"{{ ($.eventSource = {service}.amazonaws.com) && ({_any_of(*events)}) }}"


ACTIVITIES: Sequence[Activity] = (
    Activity(
        name="unauthorized-calls",
        cis="4.1",
        says="Calls were refused for lack of permission.",
        severity="info",
        pattern='{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") }',
    ),
    Activity(
        name="console-without-mfa",
        cis="4.2",
        says="Somebody signed in to the console without a second factor.",
        severity="critical",
        pattern=(
            '{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && '
            '($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }'
        ),
    ),
    Activity(
        name="root-used",
        cis="4.3",
        says="The account's root was used.",
        severity="critical",
        pattern=(
            '{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && '
            '$.eventType != "AwsServiceEvent" }'
        ),
    ),
    Activity(
        name="iam-changed",
        cis="4.4",
        says="A policy of IAM was changed.",
        severity="warning",
        pattern=_of(
            "iam",
            "AttachGroupPolicy",
            "AttachRolePolicy",
            "AttachUserPolicy",
            "CreatePolicy",
            "CreatePolicyVersion",
            "DeleteGroupPolicy",
            "DeletePolicy",
            "DeletePolicyVersion",
            "DeleteRolePolicy",
            "DeleteUserPolicy",
            "DetachGroupPolicy",
            "DetachRolePolicy",
            "DetachUserPolicy",
            "PutGroupPolicy",
            "PutRolePolicy",
            "PutUserPolicy",
        ),
    ),
    Activity(
        name="trail-changed",
        cis="4.5",
        says="A trail was changed, stopped or deleted.",
        severity="critical",
        pattern=_named("CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging"),
    ),
    Activity(
        name="sign-in-failed",
        cis="4.6",
        says="Somebody failed to sign in to the console.",
        severity="info",
        pattern='{ ($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication") }',
    ),
    Activity(
        name="key-disabled",
        cis="4.7",
        says="A key was disabled, or is going to be deleted.",
        severity="critical",
        pattern=_of("kms", "DisableKey", "ScheduleKeyDeletion"),
    ),
    Activity(
        name="bucket-policy-changed",
        cis="4.8",
        says="The policy of a bucket, or another of its rules, was changed.",
        severity="warning",
        pattern=_of(
            "s3",
            "DeleteBucketCors",
            "DeleteBucketLifecycle",
            "DeleteBucketPolicy",
            "DeleteBucketReplication",
            "PutBucketAcl",
            "PutBucketCors",
            "PutBucketLifecycle",
            "PutBucketPolicy",
            "PutBucketReplication",
        ),
    ),
    Activity(
        name="config-changed",
        cis="4.9",
        says="AWS Config was changed or stopped.",
        severity="critical",
        pattern=_of(
            "config",
            "DeleteDeliveryChannel",
            "PutConfigurationRecorder",
            "PutDeliveryChannel",
            "StopConfigurationRecorder",
        ),
    ),
    Activity(
        name="security-group-changed",
        cis="4.10",
        says="A security group was changed.",
        severity="warning",
        pattern=_named(
            "AuthorizeSecurityGroupEgress",
            "AuthorizeSecurityGroupIngress",
            "CreateSecurityGroup",
            "DeleteSecurityGroup",
            "RevokeSecurityGroupEgress",
            "RevokeSecurityGroupIngress",
        ),
    ),
    Activity(
        name="network-acl-changed",
        cis="4.11",
        says="An access list of the network was changed.",
        severity="warning",
        pattern=_named(
            "CreateNetworkAcl",
            "CreateNetworkAclEntry",
            "DeleteNetworkAcl",
            "DeleteNetworkAclEntry",
            "ReplaceNetworkAclAssociation",
            "ReplaceNetworkAclEntry",
        ),
    ),
    Activity(
        name="gateway-changed",
        cis="4.12",
        says="A way out of the network was changed.",
        severity="warning",
        pattern=_named(
            "AttachInternetGateway",
            "CreateCustomerGateway",
            "CreateInternetGateway",
            "DeleteCustomerGateway",
            "DeleteInternetGateway",
            "DetachInternetGateway",
        ),
    ),
    Activity(
        name="routes-changed",
        cis="4.13",
        says="A route of the network was changed.",
        severity="warning",
        pattern=_of(
            "ec2",
            "CreateRoute",
            "CreateRouteTable",
            "DeleteRoute",
            "DeleteRouteTable",
            "DisassociateRouteTable",
            "ReplaceRoute",
            "ReplaceRouteTableAssociation",
        ),
    ),
    Activity(
        name="vpc-changed",
        cis="4.14",
        says="A VPC was changed.",
        severity="warning",
        pattern=_named(
            "AcceptVpcPeeringConnection",
            "CreateVpc",
            "CreateVpcPeeringConnection",
            "DeleteVpc",
            "DeleteVpcPeeringConnection",
            "ModifyVpcAttribute",
            "RejectVpcPeeringConnection",
        ),
    ),
)
"""Section 4 of CIS AWS Foundations 3.0 but 4.15 and 4.16, which are an organization's and Security Hub's."""


@dataclass(frozen=True, kw_only=True)
class ActivityAlarmsArgs:
    """What the trail hands to its alarms."""

    foundation: Foundation
    log_group: pulumi.Input[str]
    topics: Topics


class ActivityAlarms(pulumi.ComponentResource):
    """A filter over the trail's log group and an alarm for each activity. Controls: CloudWatch.1 to .14."""

    alarm_names: Sequence[pulumi.Output[str]]

    def __init__(
        self, name: str, args: ActivityAlarmsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("groundplan:infra:ActivityAlarms", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        place = args.foundation.place
        namespace = f"{place.project}/{place.stack}/Activity"
        names: list[pulumi.Output[str]] = []
        for activity in ACTIVITIES:
            aws.cloudwatch.LogMetricFilter(
                f"{name}-{activity.name}-seen",
                name=f"{place.prefix}-{activity.name}",
                log_group_name=args.log_group,
                pattern=activity.pattern,
                metric_transformation={"namespace": namespace, "name": activity.name, "value": "1"},
                opts=child,
            )
            names.append(
                alarm(
                    f"{name}-{activity.name}",
                    name=f"{place.prefix}-{activity.name}",
                    says=f"{activity.says} (CIS AWS {activity.cis})",
                    runbook="account-activity",
                    severity=activity.severity,
                    topics=args.topics,
                    foundation=args.foundation,
                    namespace=namespace,
                    metric_name=activity.name,
                    statistic="Sum",
                    comparison_operator="GreaterThanOrEqualToThreshold",
                    threshold=1,
                    period=300,
                    evaluation_periods=1,
                    opts=child,
                ).name
            )
        self.alarm_names = names
        self.register_outputs({"alarm_names": self.alarm_names})
