"""The lives of API Gateway's REST, HTTP and WebSocket APIs."""

from __future__ import annotations

import json

from lives.life import Life, Make, a_function, a_role
from sandbox.engine.values import PropertyMap

_BODY = {
    "swagger": "2.0",
    "info": {"title": "api", "version": "1.0"},
    "paths": {
        "/health/{part}": {
            "x-amazon-apigateway-any-method": {
                "responses": {"200": {"description": "well"}},
                "x-amazon-apigateway-integration": {
                    "type": "http_proxy",
                    "httpMethod": "GET",
                    "uri": "http://x",
                },
            }
        }
    },
}


def an_api(make: Make) -> PropertyMap:
    return make("aws:apigateway/restApi:RestApi", "api", {})


def _method(make: Make, api: PropertyMap) -> PropertyMap:
    return make(
        "aws:apigateway/method:Method",
        "method",
        {
            "restApi": api["id"],
            "resourceId": api["rootResourceId"],
            "httpMethod": "GET",
            "authorization": "NONE",
        },
    )


def _key(method: PropertyMap) -> PropertyMap:
    return {name: method[name] for name in ("restApi", "resourceId", "httpMethod")}


def _mock(make: Make, method: PropertyMap) -> None:
    inputs = {**_key(method), "type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}
    make("aws:apigateway/integration:Integration", "mock", inputs)


def _deployment(make: Make) -> PropertyMap:
    api = an_api(make)
    _mock(make, _method(make, api))
    return make("aws:apigateway/deployment:Deployment", "deployment", {"restApi": api["id"]})


def _stage(make: Make) -> PropertyMap:
    deployment = _deployment(make)
    inputs = {"restApi": deployment["restApi"], "deployment": deployment["id"], "stageName": "v1"}
    return make("aws:apigateway/stage:Stage", "stage", inputs)


def _ready(make: Make) -> PropertyMap:
    api = an_api(make)
    _mock(make, _method(make, api))
    return {"restApi": api["id"], "description": "first"}


def _response(make: Make) -> PropertyMap:
    method = _method(make, an_api(make))
    _mock(make, method)
    make("aws:apigateway/methodResponse:MethodResponse", "response", {**_key(method), "statusCode": "200"})
    return {**_key(method), "statusCode": "200", "responseTemplates": {"application/json": ""}}


def an_http_api(make: Make) -> PropertyMap:
    return make("aws:apigatewayv2/api:Api", "http", {"protocolType": "HTTP"})


def _integration(make: Make) -> PropertyMap:
    return {
        "apiId": an_http_api(make)["id"],
        "integrationType": "AWS_PROXY",
        "integrationUri": a_function(make)["invokeArn"],
        "payloadFormatVersion": "2.0",
    }


def _route(make: Make) -> PropertyMap:
    inputs = _integration(make)
    made = make("aws:apigatewayv2/integration:Integration", "integration", inputs)
    return {"apiId": inputs["apiId"], "routeKey": "GET /health", "target": f"integrations/{made['id']}"}


LIVES = [
    Life(
        "aws:apigateway/account:Account",
        lambda make: {"cloudwatchRoleArn": a_role(make, "apigateway")["arn"]},
        {"cloudwatchRoleArn": "arn:aws:iam::123456789012:role/other"},
        by_code=frozenset({"cloudwatchRoleArn"}),
    ),
    Life(
        "aws:apigateway/model:Model",
        lambda make: {"restApi": an_api(make)["id"], "name": "Ask", "contentType": "application/json"},
        {"schema": '{"type": "object"}', "description": "told"},
        {"name": "Other"},
        importable=False,
    ),
    Life(
        "aws:apigateway/requestValidator:RequestValidator",
        lambda make: {"restApi": an_api(make)["id"], "validateRequestBody": True},
        {"validateRequestParameters": True},
        importable=False,
    ),
    Life(
        "aws:apigateway/methodSettings:MethodSettings",
        lambda make: {
            **{name: value for name, value in _stage(make).items() if name in ("restApi", "stageName")},
            "methodPath": "*/*",
            "settings": {"throttlingRateLimit": 10, "metricsEnabled": True},
        },
        {"settings": {"throttlingRateLimit": 20, "metricsEnabled": True}},
        by_code=frozenset({"methodPath", "restApi", "settings", "stageName"}),
        importable=False,
        gone_after_delete=False,
    ),
    Life(
        "aws:apigateway/restApi:RestApi",
        lambda _: {"body": json.dumps(_BODY), "description": "for a test"},
        {"body": json.dumps({**_BODY, "paths": {}}), "description": "still for a test", "tags": {"a": "b"}},
    ),
    Life(
        "aws:apigateway/deployment:Deployment",
        _ready,
        None,
        {"triggers": {"code": "2"}},
        by_code=frozenset({"triggers"}),
        importable=False,
    ),
    Life(
        "aws:apigateway/stage:Stage",
        lambda make: (
            lambda made: {"restApi": made["restApi"], "deployment": made["id"], "stageName": "live"}
        )(_deployment(make)),
        {"description": "for a test", "variables": {"a": "b"}},
        {"stageName": "other"},
    ),
    Life(
        "aws:apigateway/resource:Resource",
        lambda make: (
            lambda api: {"restApi": api["id"], "parentId": api["rootResourceId"], "pathPart": "health"}
        )(an_api(make)),
        None,
        {"parentId": "other"},
        importable=False,
    ),
    Life(
        "aws:apigateway/method:Method",
        lambda make: (
            lambda api: {
                "restApi": api["id"],
                "resourceId": api["rootResourceId"],
                "httpMethod": "GET",
                "authorization": "NONE",
            }
        )(an_api(make)),
        {"apiKeyRequired": True},
        {"httpMethod": "POST"},
    ),
    Life(
        "aws:apigateway/integration:Integration",
        lambda make: {
            **_key(_method(make, an_api(make))),
            "type": "AWS_PROXY",
            "integrationHttpMethod": "POST",
            "uri": a_function(make)["invokeArn"],
        },
        {"timeoutMilliseconds": 1000},
        {"type": "HTTP_PROXY"},
    ),
    Life(
        "aws:apigateway/methodResponse:MethodResponse",
        lambda make: {**_key(_method(make, an_api(make))), "statusCode": "200"},
        None,
        {"statusCode": "404"},
    ),
    Life("aws:apigateway/integrationResponse:IntegrationResponse", _response, {"selectionPattern": ".*"}),
    Life(
        "aws:apigatewayv2/api:Api",
        lambda _: {"protocolType": "HTTP", "corsConfiguration": {"allowOrigins": ["https://example.org"]}},
        {"description": "for a test", "tags": {"a": "b"}},
        {
            "protocolType": "WEBSOCKET",
            "routeSelectionExpression": "$request.body.action",
            "corsConfiguration": None,
        },
    ),
    Life(
        "aws:apigatewayv2/stage:Stage",
        lambda make: {
            "apiId": an_http_api(make)["id"],
            "name": "live",
            "autoDeploy": True,
            "routeSettings": [
                {"routeKey": "$default", "throttlingBurstLimit": 1, "throttlingRateLimit": 0.5}
            ],
        },
        {"description": "for a test"},
        {"name": "other"},
        importable=False,
    ),
    Life(
        "aws:apigatewayv2/route:Route",
        _route,
        {"operationName": "health"},
        importable=False,
    ),
    Life(
        "aws:apigatewayv2/integration:Integration",
        _integration,
        {"timeoutMilliseconds": 1000},
        {"integrationType": "HTTP_PROXY"},
        by_code=frozenset({"responseParameters"}),
        importable=False,
    ),
]
