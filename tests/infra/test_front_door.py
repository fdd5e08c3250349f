"""Is the front door closed to whom it should be, bounded, logged and watched?"""

import json
from typing import Any

import pytest
from mocked import ACCOUNT, REGION, build, foundation, topics
from pydantic import ValidationError

from infra.functions.front_door.handler import fault_of
from infra.serving.front_door import FrontDoor, FrontDoorArgs
from infra.serving.front_door_settings import FrontDoorSettings

TOKENS: dict[str, Any] = {
    "authorisation": "jwt",
    "issuer": "https://login.example.com/realm",
    "audience": ("flights",),
    "waf": False,
}


def _door(preview: bool = False, **settings: Any) -> Any:
    def program() -> dict[str, object]:
        door = FrontDoor(
            "front-door",
            FrontDoorArgs(
                settings=FrontDoorSettings(enabled=True, **settings),
                foundation=foundation(),
                topics=topics(),
                endpoint_name="groundplan-dev-flights",
            ),
        )
        return {} if preview else {"url": door.url}

    return build(program, preview=preview)


def test_signed_requests_meet_a_checked_throttled_and_traced_api_behind_waf() -> None:
    _door(preview=True)
    found = _door(rate_per_second=7, burst=9, most_instances=3)
    (method,) = found.of("aws:apigateway/method:Method").values()
    assert (method["authorization"], method["httpMethod"]) == ("AWS_IAM", "POST")
    (model,) = found.of("aws:apigateway/model:Model").values()
    assert json.loads(model["schema"])["properties"]["instances"]["maxItems"] == 3
    (integration,) = found.of("aws:apigateway/integration:Integration").values()
    assert integration["uri"] == (
        f"arn:aws:apigateway:{REGION}:runtime.sagemaker:path/endpoints/groundplan-dev-flights/invocations"
    )
    (stage,) = found.of("aws:apigateway/stage:Stage").values()
    assert stage["xrayTracingEnabled"] is True
    assert "$context.status" in stage["accessLogSettings"]["format"]
    (limits,) = found.of("aws:apigateway/methodSettings:MethodSettings").values()
    assert limits["settings"]["throttlingRateLimit"] == 7
    assert limits["settings"]["throttlingBurstLimit"] == 9
    assert limits["settings"]["dataTraceEnabled"] is False
    (acl,) = found.of("aws:wafv2/webAcl:WebAcl").values()
    assert [rule["name"] for rule in acl["rules"]][1:] == [
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesKnownBadInputsRuleSet",
    ]
    assert acl["rules"][0]["statement"]["rateBasedStatement"]["limit"] == 2000
    assert len(found.of("aws:wafv2/webAclAssociation:WebAclAssociation")) == 1
    assert len(found.of("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration")) == 1


def test_the_api_may_ask_the_one_endpoint_and_nothing_else() -> None:
    policies = _door().policies()
    (asks,) = next(one for name, one in policies.items() if "front-door-calls" in name)
    assert asks["Action"] == "sagemaker:InvokeEndpoint"
    assert asks["Resource"] == f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/groundplan-dev-flights"


def test_tokens_meet_an_http_api_that_checks_issuer_and_audience() -> None:
    _door(preview=True, **TOKENS)
    found = _door(**TOKENS)
    (authorizer,) = found.of("aws:apigatewayv2/authorizer:Authorizer").values()
    assert authorizer["jwtConfiguration"] == {"issuer": TOKENS["issuer"], "audiences": ["flights"]}
    (route,) = found.of("aws:apigatewayv2/route:Route").values()
    assert (route["routeKey"], route["authorizationType"]) == ("POST /invocations", "JWT")
    (stage,) = found.of("aws:apigatewayv2/stage:Stage").values()
    assert stage["defaultRouteSettings"]["throttlingRateLimit"] == 50
    assert not found.of("aws:wafv2/webAcl:WebAcl")
    assert not found.of("aws:apigateway/restApi:RestApi")
    (statements,) = found.policies().values()
    asks = next(one for one in statements if one["Sid"] == "AskTheModel")
    assert asks["Resource"].endswith(":endpoint/groundplan-dev-flights")


@pytest.mark.parametrize("settings", [{}, TOKENS])
def test_faults_and_refusals_are_watched_and_every_log_is_encrypted(settings: dict[str, Any]) -> None:
    found = _door(**settings)
    alarms = found.of("aws:cloudwatch/metricAlarm:MetricAlarm")
    assert {one["name"] for one in alarms.values()} == {
        "groundplan-dev-front-door-faults",
        "groundplan-dev-front-door-refusals",
    }
    assert all(one["kmsKeyId"] for one in found.of("aws:cloudwatch/logGroup:LogGroup").values())


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"authorisation": "jwt"}, "an issuer"),
        ({**TOKENS, "waf": True}, "waf: false"),
        ({"issuer": "https://login.example.com"}, "with jwt alone"),
    ],
)
def test_a_combination_that_cannot_be_is_refused_by_name(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        FrontDoorSettings(enabled=True, **settings)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b'{"instances": [{"a": 1}]}', ""),
        (b"{", "not JSON"),
        (b"[]", "1 to 2 rows"),
        (b'{"instances": []}', "1 to 2 rows"),
        (b'{"instances": "x"}', "1 to 2 rows"),
        (b'{"instances": [{}, {}, {}]}', "1 to 2 rows"),
    ],
)
def test_a_request_that_is_none_never_reaches_the_endpoint(body: bytes, fault: str) -> None:
    told = fault_of(body, 2)
    assert fault in told
    assert bool(told) == bool(fault)


def test_the_role_of_the_api_is_for_this_account() -> None:
    roles = _door().of("aws:iam/role:Role").values()
    for one in roles:
        statement = json.loads(one["assumeRolePolicy"])["Statement"][0]
        assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
