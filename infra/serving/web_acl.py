"""Web ACL: what AWS WAF keeps away from the front door, and its log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.foundation.foundation import Foundation
from infra.foundation.log_group import log_group

MANAGED = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
)
"""AWS's own rule groups, in the order in which they are asked."""

_BODY_RULE = "SizeRestrictions_BODY"


@dataclass(frozen=True, kw_only=True)
class WebAclArgs:
    """What the front door hands to its web ACL. `requests_per_address` are those of five minutes."""

    foundation: Foundation
    stage_arn: pulumi.Input[str]
    requests_per_address: int


class WebAcl(pulumi.ComponentResource):
    """Managed rules, a limit for each address, every blocked request in the log, who asked redacted.

    Controls: WAF.10, WAF.11, WAF.12, APIGateway.4, checkov 192.
    """

    acl_arn: pulumi.Output[str]

    def __init__(self, name: str, args: WebAclArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:WebAcl", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        foundation = args.foundation
        prefix = foundation.place.prefix
        acl = aws.wafv2.WebAcl(
            f"{name}-acl",
            name=f"{prefix}-front-door",
            description="What may not reach the front door",
            scope="REGIONAL",
            default_action=aws.wafv2.WebAclDefaultActionArgs(allow=aws.wafv2.WebAclDefaultActionAllowArgs()),
            rules=acl_rules(prefix, args.requests_per_address),
            visibility_config=_seen(f"{prefix}-front-door"),
            opts=child,
        )
        group = log_group(
            f"{name}-log",
            # WAF takes no group of another name.
            name=f"aws-waf-logs-{prefix}-front-door",
            foundation=foundation,
            opts=child,
        )
        blocked = aws.wafv2.WebAclLoggingConfigurationLoggingFilterFilterConditionActionConditionArgs(
            action="BLOCK"
        )
        aws.wafv2.WebAclLoggingConfiguration(
            f"{name}-logging",
            resource_arn=acl.arn,
            log_destination_configs=[group.arn],
            redacted_fields=[{"single_header": {"name": "authorization"}}],
            logging_filter=aws.wafv2.WebAclLoggingConfigurationLoggingFilterArgs(
                default_behavior="DROP",
                filters=[
                    aws.wafv2.WebAclLoggingConfigurationLoggingFilterFilterArgs(
                        behavior="KEEP",
                        requirement="MEETS_ANY",
                        conditions=[
                            aws.wafv2.WebAclLoggingConfigurationLoggingFilterFilterConditionArgs(
                                action_condition=blocked
                            )
                        ],
                    )
                ],
            ),
            opts=child,
        )
        aws.wafv2.WebAclAssociation(
            f"{name}-before", resource_arn=args.stage_arn, web_acl_arn=acl.arn, opts=child
        )
        self.acl_arn = acl.arn
        self.register_outputs({"acl_arn": self.acl_arn})


def acl_rules(prefix: str, requests_per_address: int) -> Sequence[aws.wafv2.WebAclRuleArgs]:
    """The limit first, then AWS's groups. Bodies above 8 kB are counted, not blocked: requests are long."""
    limit = aws.wafv2.WebAclRuleArgs(
        name="limit-of-an-address",
        priority=0,
        action=aws.wafv2.WebAclRuleActionArgs(block=aws.wafv2.WebAclRuleActionBlockArgs()),
        statement=aws.wafv2.WebAclRuleStatementArgs(
            rate_based_statement=aws.wafv2.WebAclRuleStatementRateBasedStatementArgs(
                limit=requests_per_address, aggregate_key_type="IP", evaluation_window_sec=300
            )
        ),
        visibility_config=_rule_seen(f"{prefix}-limit"),
    )
    counted = aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideArgs(
        name=_BODY_RULE,
        action_to_use=aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseArgs(
            count=aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseCountArgs()
        ),
    )
    managed = [
        aws.wafv2.WebAclRuleArgs(
            name=group,
            priority=priority,
            override_action=aws.wafv2.WebAclRuleOverrideActionArgs(
                none=aws.wafv2.WebAclRuleOverrideActionNoneArgs()  # type: ignore[no-untyped-call]
            ),
            statement=aws.wafv2.WebAclRuleStatementArgs(
                managed_rule_group_statement=aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementArgs(
                    vendor_name="AWS",
                    name=group,
                    rule_action_overrides=[counted] if "Common" in group else None,
                )
            ),
            visibility_config=_rule_seen(group),
        )
        for priority, group in enumerate(MANAGED, start=1)
    ]
    return [limit, *managed]


def _seen(metric: str) -> aws.wafv2.WebAclVisibilityConfigArgs:
    return aws.wafv2.WebAclVisibilityConfigArgs(
        cloudwatch_metrics_enabled=True, metric_name=metric, sampled_requests_enabled=False
    )


def _rule_seen(metric: str) -> aws.wafv2.WebAclRuleVisibilityConfigArgs:
    return aws.wafv2.WebAclRuleVisibilityConfigArgs(
        cloudwatch_metrics_enabled=True, metric_name=metric, sampled_requests_enabled=False
    )
