"""Glue's settings: connections, security configurations, rulesets, classifiers and encryption."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.rows import echoing, given, identified, moment, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject
from sandbox.aws.types.glue import catalog_of, glue_arn, glue_tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_SERVICE = "glue"
_CONNECTION = "aws:glue/connection:Connection"
_CONNECTION_INPUTS = (
    "athenaProperties",
    "authenticationConfiguration",
    "connectionProperties",
    "connectionType",
    "description",
    "matchCriterias",
    "physicalConnectionRequirements",
)
_OAUTH = "authenticationConfiguration.oauth2Properties"
_CONNECTION_NAMES = {
    **{name: f"ConnectionInput.{name[0].upper()}{name[1:]}" for name in _CONNECTION_INPUTS},
    "name": "ConnectionInput.Name",
    "matchCriterias": "ConnectionInput.MatchCriteria",
    f"{_OAUTH}": "OAuth2Properties",
}


def _connection_id(subject: Subject) -> str:
    return f"{catalog_of(subject)}:{subject.inputs['name']}"


def _connection_name(subject: Subject, member: str = "Name") -> Params:
    catalog, _, name = subject.id.partition(":")
    return {"CatalogId": catalog, member: name}


CONNECTION = ResourceType(
    type=_CONNECTION,
    service=_SERVICE,
    tier="recorded",
    create=Call(
        operation="CreateConnection",
        names=_CONNECTION_NAMES,
        adds=lambda s: {
            "ConnectionInput": {
                "ConnectionType": s.inputs.get("connectionType") or "JDBC",
                "ConnectionProperties": s.inputs.get("connectionProperties") or {},
            }
        },
    ),
    id=_connection_id,
    read=reading(_SERVICE, "GetConnection", _connection_name, "Connection"),
    delete=Call(operation="DeleteConnection", sends=(), adds=lambda s: _connection_name(s, "ConnectionName")),
    steps=(
        Step(
            on=_CONNECTION_INPUTS,
            do=Call(operation="UpdateConnection", names=_CONNECTION_NAMES, adds=_connection_name),
            at_create=False,
        ),
    ),
    outputs={
        "arn": glue_arn("connection"),
        "catalogId": lambda s: s.id.partition(":")[0],
    },
    echoes=echoing(
        _CONNECTION,
        "athenaProperties connectionProperties connectionType description matchCriterias name "
        "physicalConnectionRequirements",
    ),
    known_id=_connection_id,
    exclusive=True,
    auto_name=AutoName(prefix_property=None),
    defaults={"connectionType": "JDBC"},
    tags=glue_tags(glue_arn("connection")),
    secrets=("connectionProperties",),
)

_SECURITY = "aws:glue/securityConfiguration:SecurityConfiguration"

SECURITY_CONFIGURATION = ResourceType(
    type=_SECURITY,
    service=_SERVICE,
    tier="native",
    create=Call(
        operation="CreateSecurityConfiguration",
        names={
            "encryptionConfiguration.cloudwatchEncryption": "CloudWatchEncryption",
            "encryptionConfiguration.s3Encryption": "S3Encryption",
        },
    ),
    id=given("name"),
    read=reading(_SERVICE, "GetSecurityConfiguration", identified("Name"), "SecurityConfiguration"),
    delete=Call(operation="DeleteSecurityConfiguration", sends=(), adds=identified("Name")),
    echoes=echoing(_SECURITY, "name encryptionConfiguration"),
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(prefix_property=None),
)

_RULESET = "aws:glue/dataQualityRuleset:DataQualityRuleset"


def _check_ruleset(inputs: PropertyMap) -> Iterable[CheckFailure]:
    """DQDL begins with the word Rules or Analyzers (AWS Glue: DQDL reference)."""
    text = inputs.get("ruleset")
    if isinstance(text, str) and not text.strip().startswith(("Rules", "Analyzers")):
        yield CheckFailure("ruleset", "is no DQDL: it must begin with Rules = [...]")


RULESET = ResourceType(
    type=_RULESET,
    service=_SERVICE,
    tier="recorded",
    create=Call(operation="CreateDataQualityRuleset"),
    id=given("name"),
    read=reading(_SERVICE, "GetDataQualityRuleset", identified("Name")),
    delete=Call(operation="DeleteDataQualityRuleset", sends=(), adds=identified("Name")),
    steps=(
        Step(
            on=("description", "ruleset"),
            do=Call(operation="UpdateDataQualityRuleset"),
            at_create=False,
        ),
    ),
    outputs={
        "arn": glue_arn("dataQualityRuleset"),
        "createdOn": moment("CreatedOn"),
        "lastModifiedOn": moment("LastModifiedOn"),
        "recommendationRunId": "RecommendationRunId",
    },
    echoes=echoing(_RULESET, "description name ruleset targetTable"),
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(prefix_property=None),
    tags=glue_tags(glue_arn("dataQualityRuleset")),
    volatile=("lastModifiedOn",),
    checks=_check_ruleset,
)

_CLASSIFIER = "aws:glue/classifier:Classifier"
_CLASSIFIERS = {
    "csvClassifier": "CsvClassifier",
    "grokClassifier": "GrokClassifier",
    "jsonClassifier": "JsonClassifier",
    "xmlClassifier": "XMLClassifier",
}
_CLASSIFIER_NAMES = {"xmlClassifier": "XMLClassifier"}


def _named_classifier(subject: Subject) -> Params:
    return {
        member: {"Name": subject.inputs["name"]}
        for name, member in _CLASSIFIERS.items()
        if subject.inputs.get(name)
    }


def _check_classifier(inputs: PropertyMap) -> Iterable[CheckFailure]:
    held = [name for name in _CLASSIFIERS if inputs.get(name) is not None]
    if len(held) != 1:
        yield CheckFailure("csvClassifier", f"exactly one of {', '.join(_CLASSIFIERS)} is needed")


CLASSIFIER = ResourceType(
    type=_CLASSIFIER,
    service=_SERVICE,
    tier="recorded",
    create=Call(
        operation="CreateClassifier", names=_CLASSIFIER_NAMES, fills=("Name",), adds=_named_classifier
    ),
    id=given("name"),
    read=reading(_SERVICE, "GetClassifier", identified("Name"), "Classifier"),
    delete=Call(operation="DeleteClassifier", sends=(), adds=identified("Name")),
    steps=(
        Step(
            on=tuple(_CLASSIFIERS),
            do=Call(
                operation="UpdateClassifier",
                names=_CLASSIFIER_NAMES,
                fills=("Name",),
                adds=_named_classifier,
            ),
            at_create=False,
        ),
    ),
    echoes={
        "name": lambda s: s.id,
        **echoing(_CLASSIFIER, " ".join(_CLASSIFIERS), names=_CLASSIFIER_NAMES),
    },
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(prefix_property=None),
    checks=_check_classifier,
)

_ENCRYPTION = "aws:glue/dataCatalogEncryptionSettings:DataCatalogEncryptionSettings"
_PUT_ENCRYPTION = Call(operation="PutDataCatalogEncryptionSettings")
_UNENCRYPTED: Params = {
    "DataCatalogEncryptionSettings": {
        "EncryptionAtRest": {"CatalogEncryptionMode": "DISABLED"},
        "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": False},
    }
}

ENCRYPTION_SETTINGS = ResourceType(
    type=_ENCRYPTION,
    service=_SERVICE,
    tier="native",
    create=_PUT_ENCRYPTION,
    id=catalog_of,
    read=reading(_SERVICE, "GetDataCatalogEncryptionSettings", identified("CatalogId")),
    delete=Call(
        operation="PutDataCatalogEncryptionSettings",
        sends=(),
        adds=lambda s: {"CatalogId": s.id, **_UNENCRYPTED},
    ),
    steps=(Step(on=("dataCatalogEncryptionSettings",), do=_PUT_ENCRYPTION, at_create=False),),
    outputs={"catalogId": lambda s: s.id},
    echoes=echoing(_ENCRYPTION, "dataCatalogEncryptionSettings"),
    known_id=catalog_of,
    place=("catalogId",),
)

TYPES = (CONNECTION, SECURITY_CONFIGURATION, RULESET, CLASSIFIER, ENCRYPTION_SETTINGS)
