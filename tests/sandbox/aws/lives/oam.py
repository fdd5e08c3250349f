"""The lives of the types of `oam`."""

from __future__ import annotations

from lives.life import Life, Make, policy

_ELSEWHERE = "arn:aws:oam:eu-west-1:210987654321:sink/0f8fad5b-d9cb-469f-a165-70867728950e"


def _sink(make: Make) -> str:
    return str(make("aws:oam/sink:Sink", "sink", {})["arn"])


def _policy(action: str) -> str:
    return policy({"Principal": {"AWS": "210987654321"}, "Action": [action], "Resource": "*"})


LIVES = [
    Life("aws:oam/sink:Sink", lambda _: {}, {"tags": {"a": "b"}}, {"name": "other"}),
    Life(
        "aws:oam/sinkPolicy:SinkPolicy",
        lambda make: {"sinkIdentifier": _sink(make), "policy": _policy("oam:CreateLink")},
        {"policy": _policy("oam:UpdateLink")},
        {"sinkIdentifier": _ELSEWHERE},
        gone_after_delete=False,
    ),
    Life(
        "aws:oam/link:Link",
        lambda _: {
            "labelTemplate": "$AccountName",
            "resourceTypes": ["AWS::CloudWatch::Metric"],
            "sinkIdentifier": _ELSEWHERE,
        },
        {"resourceTypes": ["AWS::CloudWatch::Metric", "AWS::Logs::LogGroup"], "tags": {"a": "b"}},
        {"labelTemplate": "$AccountEmail"},
    ),
]
