"""The lives of the types of `lambda`."""

from __future__ import annotations

from lives.life import OTHER_CODE, Life, a_function, a_queue, function_inputs

LIVES = [
    Life(
        "aws:lambda/function:Function",
        function_inputs,
        {"code": OTHER_CODE, "timeout": 30, "tags": {"a": "b"}},
        {"packageType": "Image"},
    ),
    Life(
        "aws:lambda/permission:Permission",
        lambda make: {
            "action": "lambda:InvokeFunction",
            "function": a_function(make)["name"],
            "principal": "sns.amazonaws.com",
        },
        None,
        {"principal": "events.amazonaws.com"},
    ),
    Life(
        "aws:lambda/invocation:Invocation",
        lambda make: {"functionName": a_function(make)["name"], "input": '{"n": 1}'},
        None,
        {"input": '{"n": 2}'},
        by_code=frozenset({"functionName", "input", "lifecycleScope", "qualifier", "triggers"}),
        importable=False,
        leaves_something=False,
        gone_after_delete=False,
    ),
    Life(
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        lambda make: {"functionName": a_function(make)["name"], "maximumRetryAttempts": 1},
        {"maximumRetryAttempts": 2},
    ),
    Life(
        "aws:lambda/eventSourceMapping:EventSourceMapping",
        lambda make: {
            "functionName": a_function(make)["name"],
            "eventSourceArn": a_queue(make)["arn"],
            "batchSize": 5,
        },
        {"batchSize": 10},
    ),
]
