"""Whether the policies of a topic, its key or a function let an AWS service through: what it silently needs
on AWS."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sandbox.runtime.overlay import Caller, ServiceError
from sandbox.runtime.policies.document import Access, Verdict, verdict

Ask = Callable[[str, str, dict[str, Any], Caller], dict[str, Any]]
"""Asks the emulator: service, operation, parameters, caller."""

_KEY_ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")
_OF_SNS_ITSELF = "alias/aws/sns"


def why_not_publish(ask: Ask, service: str, topic: str, source_arn: str, caller: Caller) -> str:
    """Why `service` (such as `budgets.amazonaws.com`) may not publish to a topic, or the empty string.

    Source: https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html
    """
    try:
        attributes = ask("sns", "GetTopicAttributes", {"TopicArn": topic}, caller)["Attributes"]
    except ServiceError:
        return f"the topic {topic} does not exist"
    access = _access(service, "SNS:Publish", topic, source_arn, caller)
    if verdict(json.loads(attributes["Policy"]), access) is not Verdict.ALLOWED:
        return f"the policy of {topic} does not allow {service} sns:Publish"
    key = attributes.get("KmsMasterKeyId", "")
    return _why_not_encrypt(ask, service, key, source_arn, caller) if key else ""


def why_not_invoke(ask: Ask, service: str, function: str, source_arn: str, caller: Caller) -> str:
    """Why `service` may not invoke a function, or the empty string."""
    try:
        policy = ask("lambda", "GetPolicy", {"FunctionName": function}, caller)["Policy"]
    except ServiceError:
        return f"the function {function} has no permission for {service}"
    access = _access(service, "lambda:InvokeFunction", function, source_arn, caller)
    if verdict(json.loads(policy), access) is Verdict.ALLOWED:
        return ""
    return f"no permission of {function} allows {service} to invoke it for {source_arn}"


def may_deliver_access_logs(policy: bytes | None, account: str, source: str, target: str) -> bool:
    """Whether the target bucket's policy lets S3 deliver a bucket's access logs.

    The emulator reads no policy that has a statement for every principal, a list of resources or a pattern.
    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    """
    if not policy:
        return False
    caller = Caller(account, "")
    access = _access("logging.s3.amazonaws.com", "s3:PutObject", target, source, caller)
    return verdict(json.loads(policy), access) is Verdict.ALLOWED


def _why_not_encrypt(ask: Ask, service: str, key: str, source_arn: str, caller: Caller) -> str:
    if key.endswith(_OF_SNS_ITSELF):
        return f"the topic is encrypted with {_OF_SNS_ITSELF}, whose policy lets no other service use it"
    try:
        arn = ask("kms", "DescribeKey", {"KeyId": key}, caller)["KeyMetadata"]["Arn"]
        policy = ask("kms", "GetKeyPolicy", {"KeyId": arn, "PolicyName": "default"}, caller)["Policy"]
    except ServiceError as missing:
        return f"the key {key} of the topic cannot be read: {missing}"
    for action in _KEY_ACTIONS:
        if (
            verdict(json.loads(policy), _access(service, action, arn, source_arn, caller))
            is not Verdict.ALLOWED
        ):
            return f"the policy of the topic's key {arn} does not allow {service} {action}"
    return ""


def _access(service: str, action: str, resource: str, source_arn: str, caller: Caller) -> Access:
    context = {
        "aws:sourceaccount": (caller.account_id,),
        "aws:sourcearn": (source_arn,),
        "aws:securetransport": ("true",),
        "aws:principalisawsservice": ("true",),
        "aws:principalservicename": (service,),
    }
    return Access({"Service": frozenset({service})}, action, resource, context)
