"""Has each domain a key of its own, closed to others, with a replica where there is a second region?"""

import json
from typing import Any, get_args

import pytest
from mocked import Build, build

from infra.foundation.encryption import (
    DOMAINS,
    REPLICATED,
    Domain,
    Encryption,
    EncryptionArgs,
    EncryptionSettings,
    key_statements,
)
from infra.foundation.place import Place

PLACE = Place(project="groundplan", stack="dev", account="123456789012", region="us-east-1", partition="aws")


def _encryption(preview: bool = False, **other: Any) -> Build:
    def program() -> dict[str, Any]:
        args = {"settings": EncryptionSettings(), "place": PLACE, "protected": False, **other}
        made = Encryption("encryption", EncryptionArgs(**args))
        return {"keys": dict(made.key_arns), "replicas": dict(made.replica_key_arns)}

    return build(program, preview=preview)


@pytest.mark.parametrize("domain", DOMAINS)
def test_services_use_keys_only_on_behalf_of_this_account(domain: Domain) -> None:
    for statement in key_statements(domain, PLACE):
        assert isinstance(statement.principals, dict)
        if "Service" in statement.principals:
            assert "123456789012" in json.dumps(statement.conditions)
            assert not [action for action in statement.actions if action == "kms:*"]
        else:
            assert statement.principals == {"AWS": ["arn:aws:iam::123456789012:root"]}


@pytest.mark.parametrize("domain", DOMAINS)
def test_no_key_can_lock_its_account_out(domain: Domain) -> None:
    first = key_statements(domain, PLACE)[0]
    assert (first.effect, list(first.actions)) == ("Allow", ["kms:*"])
    assert first.principals == {"AWS": [PLACE.root]}


def test_only_the_keys_of_logs_and_messages_let_a_service_in_without_a_role_of_ours() -> None:
    let_in = {
        domain: [
            service
            for one in key_statements(domain, PLACE)
            if isinstance(one.principals, dict)
            for service in one.principals.get("Service", ())
        ]
        for domain in get_args(Domain)
    }
    assert let_in["data"] == let_in["model"] == let_in["backup"] == []
    assert let_in["logs"] == ["logs.us-east-1.amazonaws.com", "cloudtrail.amazonaws.com"]
    assert let_in["messages"]


@pytest.mark.parametrize("preview", [False, True])
def test_every_domain_has_a_rotated_key_that_could_be_copied_to_a_second_region(preview: bool) -> None:
    made = _encryption(preview)
    keys = made.of("aws:kms/key:Key")
    assert set(keys) == {f"encryption-{domain}" for domain in DOMAINS}
    assert all(key["enableKeyRotation"] for key in keys.values())
    several = {name for name, key in keys.items() if key.get("multiRegion")}
    assert several == {f"encryption-{domain}" for domain in REPLICATED}
    assert not made.of("aws:kms/replicaKey:ReplicaKey")
    assert made.outputs["replicas"] == {}


def test_a_second_region_adds_replicas_and_touches_no_key() -> None:
    one, two = _encryption(), _encryption(recovery_region="us-west-2")
    assert two.of("aws:kms/key:Key") == one.of("aws:kms/key:Key")
    replicas = two.of("aws:kms/replicaKey:ReplicaKey")
    assert set(replicas) == {f"encryption-{domain}-us-west-2" for domain in REPLICATED}
    assert {replica["region"] for replica in replicas.values()} == {"us-west-2"}
    assert "logs.us-west-2.amazonaws.com" in replicas["encryption-logs-us-west-2"]["policy"]
    assert set(two.outputs["replicas"]) == set(REPLICATED)
    assert all("us-west-2" in arn for arn in two.outputs["replicas"].values())


def test_another_second_region_gets_replicas_of_its_own() -> None:
    names = [
        set(_encryption(recovery_region=region).of("aws:kms/replicaKey:ReplicaKey"))
        for region in ("us-west-2", "eu-west-1")
    ]
    assert not names[0] & names[1]
