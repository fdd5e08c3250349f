"""Are the parts that every component is made of secure by themselves?"""

import json

import pytest
from mocked import RefusedError, build, foundation, topics

from infra.foundation.dead_letters import DeadLetters, DeadLettersArgs
from infra.foundation.function import Function, FunctionArgs
from infra.foundation.policy import Statement


def test_a_function_has_a_boundary_an_encrypted_log_that_ends_and_least_privilege() -> None:
    def program() -> dict[str, object]:
        queue = DeadLetters(
            "letters",
            DeadLettersArgs(
                purpose="chat", runbook="undelivered-messages", foundation=foundation(), topics=topics()
            ),
        )
        made = Function(
            "chat",
            FunctionArgs(
                purpose="chat",
                description="Posts",
                foundation=foundation(),
                statements=[Statement(sid="Read", actions=["s3:GetObject"], resources=["arn:aws:s3:::a/*"])],
                undelivered_arn=queue.queue_arn,
            ),
        )
        return {"arn": made.arn, "name": made.function_name, "role": made.role_arn, "queue": queue.queue_arn}

    found = build(program)
    assert found.outputs["name"] == "groundplan-dev-chat"
    (role,) = found.of("aws:iam/role:Role").values()
    assert role["permissionsBoundary"].endswith("groundplan-dev-boundary")
    (log,) = found.of("aws:cloudwatch/logGroup:LogGroup").values()
    assert (log["name"], log["retentionInDays"]) == ("/aws/lambda/groundplan-dev-chat", 30)
    (statements,) = found.policies().values()
    assert {one["Sid"] for one in statements} == {"Read", "WriteLogs", "UseMessagesKey", "KeepUndelivered"}
    assert not [one for one in statements if one["Resource"] == "*"]
    (alarm,) = found.of("aws:cloudwatch/metricAlarm:MetricAlarm").values()
    assert alarm["alarmDescription"].endswith("Runbook: https://example.com/runbooks/undelivered-messages.md")
    (policy,) = found.of("aws:sqs/queuePolicy:QueuePolicy").values()
    assert json.loads(policy["policy"])["Statement"][0]["Sid"] == "DenyPlainHttp"


def test_what_the_provider_would_refuse_fails_a_mocked_build() -> None:
    def program() -> dict[str, object]:
        return {
            "arn": Function(
                "chat",
                FunctionArgs(
                    purpose="chat",
                    description="",
                    foundation=foundation(),
                    statements=[],
                    timeout_seconds=9999,
                ),
            ).arn
        }

    with pytest.raises(RefusedError, match="timeout"):
        build(program)
