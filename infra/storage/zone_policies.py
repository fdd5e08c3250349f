"""Who may reach a zone beside the roles of the account? Its bucket policy, as statements."""

from infra.foundation.place import Place
from infra.foundation.policy import Statement, from_account, only_tls
from infra.storage.zones import ZONES, Zone

_FULL_CONTROL = {"s3:x-amz-acl": "bucket-owner-full-control"}


def zone_statements(zone: Zone, place: Place) -> list[Statement]:
    """A zone's policy: TLS only; S3 and Config deliver to `logs`, CloudTrail to `audit`.

    Config delivers to no bucket whose lock has a default retention, as `audit` has (Config guide, "Managing
    the Delivery Channel").
    """
    arn = place.bucket_arn(zone)
    statements = [only_tls(action="s3:*", resources=[arn, f"{arn}/*"])]
    if zone == "logs":
        sources = [place.bucket_arn(source) for source in ZONES if source != "logs"]
        statements += [delivery_of_access_logs(arn, sources, place), *_config(arn, place)]
    if zone == "audit":
        statements += _trails(arn, place)
    return statements


def delivery_of_access_logs(bucket_arn: str, sources: list[str], place: Place) -> Statement:
    """S3 writes the access logs of the sources."""
    return Statement(
        sid="DeliverAccessLogs",
        principals={"Service": ["logging.s3.amazonaws.com"]},
        actions=["s3:PutObject"],
        resources=[f"{bucket_arn}/*"],
        conditions={
            "StringEquals": {"aws:SourceAccount": place.account},
            "ArnLike": {"aws:SourceArn": sources},
        },
    )


def _trails(arn: str, place: Place) -> list[Statement]:
    """The account's trails write below `cloudtrail/`. Their ARN holds the account (CloudTrail guide, "Amazon
    S3 bucket policy for CloudTrail")."""
    trail = {"aws:SourceArn": place.arn("cloudtrail", f"trail/{place.prefix}-*")}
    return [
        Statement(
            sid="TrailsLookAtBucket",
            principals={"Service": ["cloudtrail.amazonaws.com"]},
            actions=["s3:GetBucketAcl"],
            resources=[arn],
            conditions={"ArnLike": trail},
        ),
        Statement(
            sid="TrailsWrite",
            principals={"Service": ["cloudtrail.amazonaws.com"]},
            actions=["s3:PutObject"],
            resources=[f"{arn}/cloudtrail/AWSLogs/{place.account}/*"],
            conditions={"ArnLike": trail, "StringEquals": _FULL_CONTROL},
        ),
    ]


def _config(arn: str, place: Place) -> list[Statement]:
    """The account's recorder writes below `config/` (Config guide, "Permissions for the S3 bucket")."""
    return [
        Statement(
            sid="ConfigLooksAtBucket",
            principals={"Service": ["config.amazonaws.com"]},
            actions=["s3:GetBucketAcl", "s3:ListBucket"],
            resources=[arn],
            conditions=from_account(place.account),
        ),
        Statement(
            sid="ConfigWrites",
            principals={"Service": ["config.amazonaws.com"]},
            actions=["s3:PutObject"],
            resources=[f"{arn}/config/AWSLogs/{place.account}/Config/*"],
            conditions={"StringEquals": {"aws:SourceAccount": place.account, **_FULL_CONTROL}},
        ),
    ]
