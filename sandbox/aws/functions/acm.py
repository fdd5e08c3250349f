"""ACM: certificates by domain."""

from __future__ import annotations

from typing import Any, Final

from sandbox.aws.cloud import Cloud
from sandbox.aws.invokes import Functions
from sandbox.engine.values import PropertyMap


def _certificate(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    statuses = arguments.get("statuses") or ["ISSUED"]
    types = arguments.get("types")
    found: list[dict[str, Any]] = []
    for page in cloud.pages("acm", "ListCertificates", "CertificateSummaryList"):
        for item in page["CertificateSummaryList"]:
            if arguments.get("domain") not in (None, item["DomainName"]):
                continue
            wanted = {"CertificateArn": item["CertificateArn"]}
            details = cloud.call("acm", "DescribeCertificate", wanted)["Certificate"]
            if details["Status"] in statuses and (not types or details.get("Type") in types):
                found.append(details)
    found.sort(key=lambda item: str(item.get("CreatedAt") or ""), reverse=True)
    if not found or (len(found) > 1 and not arguments.get("mostRecent")):
        raise LookupError(f"{len(found)} certificates match {arguments.get('domain')}, and one is needed")
    arn = found[0]["CertificateArn"]
    texts: dict[str, Any] = {}
    if found[0]["Status"] == "ISSUED":
        texts = cloud.call("acm", "GetCertificate", {"CertificateArn": arn})
    return {
        **arguments,
        "arn": arn,
        "certificate": texts.get("Certificate") or "",
        "certificateChain": texts.get("CertificateChain") or "",
        "domain": found[0]["DomainName"],
        "id": arn,
        "region": cloud.region,
        "status": found[0]["Status"],
        "tags": {},
    }


FUNCTIONS: Final[Functions] = {"aws:acm/getCertificate:getCertificate": _certificate}
