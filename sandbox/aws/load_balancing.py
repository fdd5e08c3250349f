"""Which hosted zones and accounts Elastic Load Balancing has in a region.

Source: AWS General Reference, "Elastic Load Balancing endpoints and quotas"; the accounts that write access
logs: Application Load Balancers guide, "Enable access logs".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_APPLICATION: Final[Mapping[str, str]] = {
    "ap-northeast-1": "Z14GRHDCWA56QT",
    "ap-south-1": "ZP97RAFLXTNZK",
    "ap-southeast-1": "Z1LMS91P8CMLE5",
    "ap-southeast-2": "Z1GM3OXH4ZPM65",
    "ca-central-1": "ZQSVJUPU6J1EY",
    "eu-central-1": "Z215JYRZR1TBD5",
    "eu-north-1": "Z23TAZ6LKFMNIO",
    "eu-west-1": "Z32O12XQLNTSW2",
    "eu-west-2": "ZHURV8PSTC4K8",
    "eu-west-3": "Z3Q77PNBQS71R4",
    "sa-east-1": "Z2P70J7HTTTPLU",
    "us-east-1": "Z35SXDOTRQ7X7K",
    "us-east-2": "Z3AADJGX6KTTL2",
    "us-west-1": "Z368ELLRRE2KJ0",
    "us-west-2": "Z1H1FL5HABSF5",
}
_NETWORK: Final[Mapping[str, str]] = {
    "eu-central-1": "Z3F0SRJ5LGBH90",
    "eu-west-1": "Z2IFOLAFXWLO4F",
    "us-east-1": "Z26RNL4JYFTOTI",
    "us-east-2": "ZLMOA37VPKANP",
    "us-west-1": "Z24FKFUX50B4VW",
    "us-west-2": "Z18D5FSROUN65G",
}
_LOG_ACCOUNTS: Final[Mapping[str, str]] = {
    "ap-northeast-1": "582318560864",
    "ap-south-1": "718504428378",
    "ap-southeast-1": "114774131450",
    "ap-southeast-2": "783225319266",
    "ca-central-1": "985666609251",
    "eu-central-1": "054676820928",
    "eu-north-1": "897822967062",
    "eu-west-1": "156460612806",
    "eu-west-2": "652711504416",
    "eu-west-3": "009996457667",
    "sa-east-1": "507241528517",
    "us-east-1": "127311923021",
    "us-east-2": "033677994240",
    "us-west-1": "027434742980",
    "us-west-2": "797873946194",
}


def hosted_zone(region: str, kind: str | None = None) -> str | None:
    """The zone that aliases to a load balancer name; `kind` as `network`. None where it is not known here."""
    return (_NETWORK if kind == "network" else _APPLICATION).get(region)


def log_account(region: str) -> str:
    """The account that a bucket policy lets write access logs; raises LookupError."""
    if region not in _LOG_ACCOUNTS:
        raise LookupError(
            f"no account writes the access logs of load balancers in {region}, or none is known here"
        )
    return _LOG_ACCOUNTS[region]
