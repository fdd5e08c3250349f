"""The lives of the types of `amp`."""

from __future__ import annotations

from lives.life import Life

_RULES = "groups:\n- name: service\n  rules:\n  - record: up:sum\n    expr: sum(up)\n"

LIVES = [
    Life(
        "aws:amp/workspace:Workspace",
        lambda make: {
            "alias": "platform",
            "loggingConfiguration": {
                "logGroupArn": f"{make('aws:cloudwatch/logGroup:LogGroup', 'amp', {})['arn']}:*"
            },
        },
        {"alias": "renamed", "loggingConfiguration": None, "tags": {"a": "b"}},
        {"kmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/1234"},
    ),
    Life(
        "aws:amp/ruleGroupNamespace:RuleGroupNamespace",
        lambda make: {
            "workspaceId": make("aws:amp/workspace:Workspace", "workspace", {})["id"],
            "data": _RULES,
        },
        {"data": _RULES.replace("sum(up)", "count(up)")},
        {"name": "other"},
    ),
    Life(
        "aws:amp/alertManagerDefinition:AlertManagerDefinition",
        lambda make: {
            "workspaceId": make("aws:amp/workspace:Workspace", "alerts", {})["id"],
            "definition": "alertmanager_config: |\n  route:\n    receiver: default\n",
        },
        {"definition": "alertmanager_config: |\n  route:\n    receiver: team\n"},
        {"workspaceId": "ws-0f8fad5b-d9cb-469f-a165-70867728950e"},
    ),
]
