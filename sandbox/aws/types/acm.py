"""ACM: certificates, and the wait until they are validated."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.cloud import wait_until
from sandbox.aws.lifecycle import perform
from sandbox.aws.rows import answered, given, kept, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject, Tags
from sandbox.aws.tagging import create_params
from sandbox.engine.provider import CheckFailure, ProviderError
from sandbox.engine.values import PropertyMap, PropertyValue

_VALIDATED_S = 75 * 60
"""As long as the real provider waits for a validation."""
_REQUEST = Call(
    operation="RequestCertificate",
    names={
        "options.export": "Export",
        "validationOptions": "DomainValidationOptions",
    },
)
_describe = reading("acm", "DescribeCertificate", lambda s: {"CertificateArn": s.id}, "Certificate")


def _import(subject: Subject) -> Params:
    inputs = subject.inputs
    params: Params = {
        "Certificate": str(inputs["certificateBody"]).encode(),
        "PrivateKey": str(inputs["privateKey"]).encode(),
    }
    if inputs.get("certificateChain"):
        params["CertificateChain"] = str(inputs["certificateChain"]).encode()
    if subject.id:
        return dict(subject.cloud.call("acm", "ImportCertificate", {**params, "CertificateArn": subject.id}))
    return dict(
        subject.cloud.call("acm", "ImportCertificate", {**params, **create_params(CERTIFICATE, inputs)})
    )


def _create(subject: Subject) -> Params:
    if subject.inputs.get("privateKey") is not None:
        return _import(subject)
    return dict(perform(CERTIFICATE, _REQUEST, subject, create_params(CERTIFICATE, subject.inputs)))


def _validations(subject: Subject) -> PropertyValue:
    """The records that prove the domains, one a name; ordered by it."""
    found = []
    for option in subject.at("DomainValidationOptions") or ():
        record = option.get("ResourceRecord") or {}
        found.append(
            {
                "domainName": option["DomainName"],
                "resourceRecordName": record.get("Name"),
                "resourceRecordType": record.get("Type"),
                "resourceRecordValue": record.get("Value"),
            }
        )
    return sorted((item for item in found if item["resourceRecordName"]), key=lambda item: item["domainName"])


def _find(subject: Subject, taken: frozenset[str]) -> str | None:
    answer = subject.cloud.call("acm", "ListCertificates")
    for item in answer["CertificateSummaryList"]:
        if item["DomainName"] == subject.inputs.get("domainName") and item["CertificateArn"] not in taken:
            return str(item["CertificateArn"])
    return None


def _check(inputs: PropertyMap) -> Iterable[CheckFailure]:
    imported, requested = inputs.get("privateKey"), inputs.get("domainName")
    if (imported is None) == (requested is None):
        yield CheckFailure("domainName", "exactly one of domainName and privateKey is needed")
    if imported is not None and inputs.get("certificateBody") is None:
        yield CheckFailure("certificateBody", "is required beside privateKey and was not given")
    method = inputs.get("validationMethod")
    if requested is not None and method is None and inputs.get("certificateAuthorityArn") is None:
        yield CheckFailure(
            "validationMethod", "is required beside domainName and was not given: DNS or EMAIL"
        )


def _names(subject: Subject) -> PropertyValue:
    return sorted(name for name in subject.at("SubjectAlternativeNames") or ())


CERTIFICATE = ResourceType(
    type="aws:acm/certificate:Certificate",
    service="acm",
    tier="native",
    create=_create,
    checked=(_REQUEST,),
    id=answered("CertificateArn"),
    read=_describe,
    delete=Call(operation="DeleteCertificate", sends=(), adds=lambda s: {"CertificateArn": s.id}),
    steps=(Step(on=("certificateBody", "certificateChain", "privateKey"), do=_import, at_create=False),),
    local=("earlyRenewalDuration", "options"),
    outputs={
        "arn": lambda s: s.id,
        "domainName": "DomainName",
        "domainValidationOptions": _validations,
        "keyAlgorithm": lambda s: s.inputs.get("keyAlgorithm") or s.at("KeyAlgorithm"),
        "pendingRenewal": lambda _: False,
        "renewalEligibility": lambda s: s.at("RenewalEligibility") or "INELIGIBLE",
        "renewalSummaries": lambda _: [],
        "status": "Status",
        "subjectAlternativeNames": kept("subjectAlternativeNames", _names),
        "type": "Type",
        "validationEmails": lambda _: [],
        "validationMethod": lambda s: s.inputs.get("validationMethod") or "NONE",
    },
    echoes={"domainName": "DomainName"},
    find=_find,
    volatile=("status",),
    unordered=("subjectAlternativeNames", "validationOptions"),
    secrets=("privateKey",),
    tags=Tags(
        set="AddTagsToCertificate",
        unset="RemoveTagsFromCertificate",
        target=lambda s: {"CertificateArn": s.id},
        keys="Tags",
        list="ListTagsForCertificate",
    ),
    unsupported=("privateKeyWo", "privateKeyWoVersion"),
    checks=_check,
)


class CertificateFailedError(ProviderError):
    """A certificate that the authority will not issue."""

    def __init__(self, arn: str, status: str) -> None:
        super().__init__(f"the certificate {arn} is not issued: its status is {status}")


def _await_issue(subject: Subject) -> Params:
    arn = subject.inputs["certificateArn"]
    found: Params = {}

    def settled() -> bool:
        found.clear()
        found.update(subject.cloud.call("acm", "DescribeCertificate", {"CertificateArn": arn})["Certificate"])
        return str(found["Status"]) != "PENDING_VALIDATION"

    wait_until(settled, _VALIDATED_S, f"the certificate {arn}", subject.cloud.cancelled)
    if found["Status"] != "ISSUED":
        raise CertificateFailedError(str(arn), str(found["Status"]))
    return found


CERTIFICATE_VALIDATION = ResourceType(
    type="aws:acm/certificateValidation:CertificateValidation",
    service="acm",
    tier="native",
    create=_await_issue,
    id=given("certificateArn"),
    read=reading("acm", "DescribeCertificate", lambda s: {"CertificateArn": s.id}, "Certificate"),
    delete=None,
    echoes={"certificateArn": "CertificateArn"},
    known_id=given("certificateArn"),
    unordered=("validationRecordFqdns",),
)

TYPES = (CERTIFICATE, CERTIFICATE_VALIDATION)
