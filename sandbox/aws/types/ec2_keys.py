"""EC2: the keys to log in to machines with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sandbox.aws.networks import ec2_tags
from sandbox.aws.rows import given, reading
from sandbox.aws.table import AutoName, Call, ResourceType
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_read_key = reading("ec2", "DescribeKeyPairs", lambda s: {"KeyNames": [s.id]}, "KeyPairs.0")


def _check_key(inputs: PropertyMap) -> Iterable[CheckFailure]:
    key = inputs.get("publicKey")
    if isinstance(key, str) and not key.startswith(("ssh-rsa ", "ssh-ed25519 ", "-----BEGIN")):
        yield CheckFailure("publicKey", "is no public key of the kinds that EC2 takes: ssh-rsa, ssh-ed25519")


KEY_PAIR = ResourceType(
    type="aws:ec2/keyPair:KeyPair",
    service="ec2",
    tier="native",
    create=Call(
        operation="ImportKeyPair",
        sends=("keyName", "publicKey"),
        names={"publicKey": ""},
        adds=lambda s: {"PublicKeyMaterial": str(s.inputs["publicKey"]).strip().encode()},
    ),
    id=given("keyName"),
    read=_read_key,
    delete=Call(operation="DeleteKeyPair", sends=(), adds=lambda s: {"KeyName": s.id}),
    outputs={
        "arn": lambda s: s.cloud.arn("ec2", f"key-pair/{s.id}"),
        "fingerprint": "KeyFingerprint",
        "keyPairId": "KeyPairId",
        "keyType": lambda s: (
            s.at("KeyType") or ("ed25519" if "ed25519" in str(s.inputs.get("publicKey")) else "rsa")
        ),
    },
    echoes={"keyName": "KeyName"},
    known_id=given("keyName"),
    auto_name=AutoName(property="keyName", prefix_property="keyNamePrefix"),
    tags=replace(ec2_tags("key-pair"), target=lambda s: {"Resources": [s.outputs["keyPairId"]]}),
    checks=_check_key,
)

TYPES = (KEY_PAIR,)
