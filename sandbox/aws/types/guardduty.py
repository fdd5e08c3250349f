"""GuardDuty: detectors and their features."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.rows import answered, identified, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_SOURCES = {
    "datasources": "DataSources",
    "datasources.s3Logs": "S3Logs",
    "datasources.kubernetes": "Kubernetes",
    "datasources.malwareProtection": "MalwareProtection",
    "datasources.malwareProtection.scanEc2InstanceWithFindings.ebsVolumes.enable": "",
    "datasources.malwareProtection.scanEc2InstanceWithFindings.ebsVolumes": "EbsVolumes",
}
_CHANGES = ("datasources", "enable", "findingPublishingFrequency")


def _arn(subject: Subject) -> str:
    return subject.cloud.arn("guardduty", f"detector/{subject.id}")


_detector = reading("guardduty", "GetDetector", identified("DetectorId"), gone=("BadRequestException",))
"""The service calls what it does not know "not owned by the current account"."""


def _find_detector(subject: Subject, taken: frozenset[str]) -> str | None:
    """An account has one detector a region."""
    found = subject.cloud.call("guardduty", "ListDetectors")["DetectorIds"]
    return next((str(id) for id in found if id not in taken), None)


DETECTOR = ResourceType(
    type="aws:guardduty/detector:Detector",
    service="guardduty",
    tier="native",
    create=Call(operation="CreateDetector", names=_SOURCES),
    id=answered("DetectorId"),
    read=_detector,
    delete=Call(operation="DeleteDetector", sends=(), adds=identified("DetectorId")),
    steps=(
        Step(
            on=_CHANGES,
            do=Call(
                operation="UpdateDetector", sends=_CHANGES, names=_SOURCES, adds=identified("DetectorId")
            ),
            at_create=False,
        ),
    ),
    outputs={"arn": _arn, "accountId": lambda s: s.cloud.account_id},
    echoes={
        "enable": lambda s: s.at("Status") in ("ENABLED", 1, True),
        "findingPublishingFrequency": "FindingPublishingFrequency",
    },
    find=_find_detector,
    defaults={"enable": True},
    tags=Tags(
        style="map",
        at_create=None,
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"ResourceArn": _arn(s)},
        list="ListTagsForResource",
    ),
)

_PUT_FEATURE = Call(operation="UpdateDetector", sends=("detectorId",), adds=lambda s: _feature(s))
_FEATURES = (
    "S3_DATA_EVENTS",
    "EKS_AUDIT_LOGS",
    "EBS_MALWARE_PROTECTION",
    "RDS_LOGIN_EVENTS",
    "EKS_RUNTIME_MONITORING",
    "LAMBDA_NETWORK_LOGS",
    "RUNTIME_MONITORING",
)
"""DetectorFeature of the GuardDuty API Reference."""


def _feature(subject: Subject, status: str = "") -> Params:
    feature: Params = {"Name": subject.inputs["name"], "Status": status or subject.inputs["status"]}
    extra = subject.inputs.get("additionalConfigurations")
    if extra and not status:
        feature["AdditionalConfiguration"] = [
            {"Name": item["name"], "Status": item["status"]} for item in extra
        ]
    return {"DetectorId": subject.inputs["detectorId"], "Features": [feature]}


def _feature_id(subject: Subject) -> str:
    return f"{subject.inputs['detectorId']}/{subject.inputs['name']}"


def _read_feature(subject: Subject) -> Params | None:
    detector, _, name = subject.id.partition("/")
    found = reading("guardduty", "GetDetector", lambda _: {"DetectorId": detector})(subject)
    features = (found or {}).get("Features", ())
    feature = next((item for item in features if item["Name"] == name), None)
    return None if feature is None else {**feature, "DetectorId": detector}


def _check_feature(inputs: PropertyMap) -> Iterable[CheckFailure]:
    name, status = inputs.get("name"), inputs.get("status")
    if isinstance(name, str) and name not in _FEATURES:
        yield CheckFailure("name", f"{name!r} is not one of {', '.join(_FEATURES)}")
    if isinstance(status, str) and status not in ("ENABLED", "DISABLED"):
        yield CheckFailure("status", f"{status!r} is not one of ENABLED, DISABLED")


DETECTOR_FEATURE = ResourceType(
    type="aws:guardduty/detectorFeature:DetectorFeature",
    service="guardduty",
    tier="native",
    create=_PUT_FEATURE,
    id=_feature_id,
    read=_read_feature,
    delete=None,
    steps=(Step(on=("status", "additionalConfigurations"), do=_PUT_FEATURE, at_create=False),),
    echoes={"detectorId": "DetectorId", "name": "Name", "status": "Status"},
    known_id=_feature_id,
    place=("detectorId", "name"),
    checks=_check_feature,
)

TYPES = (DETECTOR, DETECTOR_FEATURE)
