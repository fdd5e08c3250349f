"""Event alert: what a service of AWS tells the event bus, told to the topic of its severity."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.foundation.alarm import Severity, Topics
from infra.foundation.foundation import Foundation


@dataclass(frozen=True, kw_only=True)
class EventAlertArgs:
    """`purpose` ends the rule's name; `pattern` is EventBridge's; `says` is one sentence of what is wrong.

    `undelivered_arn` is a queue that admits `events.amazonaws.com`.
    """

    purpose: str
    pattern: Mapping[str, Any]
    says: str
    runbook: str
    severity: Severity
    topics: Topics
    foundation: Foundation
    undelivered_arn: pulumi.Input[str] | None = None


class EventAlert(pulumi.ComponentResource):
    """A rule on the default bus whose target is the topic.

    The message is `{"alert": {"says", "runbook", "severity"}, "event": <the whole event>}`, which the chat
    function words for people.
    """

    rule_name: pulumi.Output[str]

    def __init__(self, name: str, args: EventAlertArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:EventAlert", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        rule = aws.cloudwatch.EventRule(
            f"{name}-rule",
            name=f"{args.foundation.place.prefix}-{args.purpose}",
            description=args.says,
            event_pattern=json.dumps(args.pattern, sort_keys=True),
            opts=child,
        )
        told = {
            "says": args.says,
            "runbook": args.foundation.runbook(args.runbook),
            "severity": args.severity,
        }
        aws.cloudwatch.EventTarget(
            f"{name}-target",
            rule=rule.name,
            target_id="topic",
            arn=args.topics[args.severity],
            input_transformer={
                "input_template": f'{{"alert": {json.dumps(told)}, "event": <aws.events.event.json>}}',
            },
            dead_letter_config={"arn": args.undelivered_arn} if args.undelivered_arn else None,
            opts=child,
        )
        self.rule_name = rule.name
        self.register_outputs({"rule_name": self.rule_name})
