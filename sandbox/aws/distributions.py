"""What CloudFront's DistributionConfig says for a program's inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.aws.table import Params
from sandbox.engine.values import PropertyMap


def _items(values: Iterable[Any] | None) -> Params:
    """A list as CloudFront has it; an empty one has no items at all."""
    held = list(values or ())
    return {"Quantity": len(held), **({"Items": held} if held else {})}


def _renamed(values: Mapping[str, Any], names: Mapping[str, str]) -> Params:
    return {member: values[name] for name, member in names.items() if values.get(name) is not None}


def _behavior(given: PropertyMap) -> Params:
    forwarded = given.get("forwardedValues")
    behavior: Params = {
        "TargetOriginId": given["targetOriginId"],
        "ViewerProtocolPolicy": given["viewerProtocolPolicy"],
        "AllowedMethods": {
            **_items(given["allowedMethods"]),
            "CachedMethods": _items(given["cachedMethods"]),
        },
        "Compress": bool(given.get("compress", False)),
        "SmoothStreaming": bool(given.get("smoothStreaming", False)),
        "FieldLevelEncryptionId": given.get("fieldLevelEncryptionId") or "",
        "TrustedSigners": {
            "Enabled": bool(given.get("trustedSigners")),
            **_items(given.get("trustedSigners")),
        },
        "TrustedKeyGroups": {
            "Enabled": bool(given.get("trustedKeyGroups")),
            **_items(given.get("trustedKeyGroups")),
        },
        "LambdaFunctionAssociations": _items(
            {
                "LambdaFunctionARN": item["lambdaArn"],
                "EventType": item["eventType"],
                "IncludeBody": bool(item.get("includeBody", False)),
            }
            for item in given.get("lambdaFunctionAssociations") or ()
        ),
        "FunctionAssociations": _items(
            {"FunctionARN": item["functionArn"], "EventType": item["eventType"]}
            for item in given.get("functionAssociations") or ()
        ),
        **_renamed(
            given,
            {
                "cachePolicyId": "CachePolicyId",
                "originRequestPolicyId": "OriginRequestPolicyId",
                "pathPattern": "PathPattern",
                "realtimeLogConfigArn": "RealtimeLogConfigArn",
                "responseHeadersPolicyId": "ResponseHeadersPolicyId",
            },
        ),
    }
    if not given.get("cachePolicyId"):
        for name, member in (("minTtl", "MinTTL"), ("defaultTtl", "DefaultTTL"), ("maxTtl", "MaxTTL")):
            if given.get(name) is not None:
                behavior[member] = int(given[name])
        behavior.setdefault("MinTTL", 0)
    if forwarded:
        cookies = forwarded["cookies"]
        behavior["ForwardedValues"] = {
            "QueryString": bool(forwarded["queryString"]),
            "Cookies": {
                "Forward": cookies["forward"],
                **(
                    {"WhitelistedNames": _items(cookies["whitelistedNames"])}
                    if cookies.get("whitelistedNames")
                    else {}
                ),
            },
            "Headers": _items(forwarded.get("headers")),
            "QueryStringCacheKeys": _items(forwarded.get("queryStringCacheKeys")),
        }
    return behavior


def _origin(given: PropertyMap) -> Params:
    origin: Params = {
        "Id": given["originId"],
        "DomainName": given["domainName"],
        "OriginPath": given.get("originPath") or "",
        "ConnectionAttempts": int(given.get("connectionAttempts", 3)),
        "ConnectionTimeout": int(given.get("connectionTimeout", 10)),
        "CustomHeaders": _items(
            {"HeaderName": item["name"], "HeaderValue": item["value"]}
            for item in given.get("customHeaders") or ()
        ),
        "OriginAccessControlId": given.get("originAccessControlId") or "",
    }
    custom = given.get("customOriginConfig")
    if custom:
        origin["CustomOriginConfig"] = {
            "HTTPPort": int(custom["httpPort"]),
            "HTTPSPort": int(custom["httpsPort"]),
            "OriginProtocolPolicy": custom["originProtocolPolicy"],
            "OriginSslProtocols": _items(custom["originSslProtocols"]),
            "OriginReadTimeout": int(custom.get("originReadTimeout", 30)),
            "OriginKeepaliveTimeout": int(custom.get("originKeepaliveTimeout", 5)),
        }
    else:
        identity = (given.get("s3OriginConfig") or {}).get("originAccessIdentity") or ""
        origin["S3OriginConfig"] = {"OriginAccessIdentity": identity}
    shield = given.get("originShield")
    if shield:
        origin["OriginShield"] = _renamed(
            shield, {"enabled": "Enabled", "originShieldRegion": "OriginShieldRegion"}
        )
    return origin


def _certificate(given: PropertyMap) -> Params:
    if given.get("cloudfrontDefaultCertificate"):
        return {"CloudFrontDefaultCertificate": True, "MinimumProtocolVersion": "TLSv1"}
    found = _renamed(
        given,
        {
            "acmCertificateArn": "ACMCertificateArn",
            "iamCertificateId": "IAMCertificateId",
            "minimumProtocolVersion": "MinimumProtocolVersion",
            "sslSupportMethod": "SSLSupportMethod",
        },
    )
    return {"MinimumProtocolVersion": "TLSv1", "CloudFrontDefaultCertificate": False, **found}


def distribution_config(inputs: PropertyMap, reference: str) -> Params:
    restriction = inputs["restrictions"]["geoRestriction"]
    logging = inputs.get("loggingConfig") or {}
    return {
        "CallerReference": reference,
        "Aliases": _items(inputs.get("aliases")),
        "DefaultRootObject": inputs.get("defaultRootObject") or "",
        "Origins": _items(_origin(origin) for origin in inputs["origins"]),
        "OriginGroups": _items(
            {
                "Id": group["originId"],
                "FailoverCriteria": {
                    "StatusCodes": _items(map(int, group["failoverCriteria"]["statusCodes"]))
                },
                "Members": _items({"OriginId": member["originId"]} for member in group["members"]),
            }
            for group in inputs.get("originGroups") or ()
        ),
        "DefaultCacheBehavior": _behavior(inputs["defaultCacheBehavior"]),
        "CacheBehaviors": _items(_behavior(item) for item in inputs.get("orderedCacheBehaviors") or ()),
        "CustomErrorResponses": _items(
            {
                "ErrorCode": int(item["errorCode"]),
                "ErrorCachingMinTTL": int(item.get("errorCachingMinTtl") or 0),
                "ResponseCode": f"{item['responseCode']:g}" if item.get("responseCode") else "",
                "ResponsePagePath": item.get("responsePagePath") or "",
            }
            for item in inputs.get("customErrorResponses") or ()
        ),
        "Comment": inputs.get("comment") or "",
        "Logging": {
            "Enabled": bool(logging.get("bucket")),
            "IncludeCookies": bool(logging.get("includeCookies", False)),
            "Bucket": logging.get("bucket") or "",
            "Prefix": logging.get("prefix") or "",
        },
        "PriceClass": inputs.get("priceClass") or "PriceClass_All",
        "Enabled": bool(inputs["enabled"]),
        "ViewerCertificate": _certificate(inputs["viewerCertificate"]),
        "Restrictions": {
            "GeoRestriction": {
                "RestrictionType": restriction["restrictionType"],
                **_items(restriction.get("locations")),
            }
        },
        "WebACLId": inputs.get("webAclId") or "",
        "HttpVersion": inputs.get("httpVersion") or "http2",
        "IsIPV6Enabled": bool(inputs.get("isIpv6Enabled", False)),
        "Staging": bool(inputs.get("staging", False)),
    }
