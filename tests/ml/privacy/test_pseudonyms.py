"""Whether pseudonyms are stable, apart by domain and key, and never tell a key or a value."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
from pathlib import Path

import pytest

from ml.privacy import keys
from ml.privacy.guard import PersonalFeature, require_impersonal, require_no_pseudonyms
from ml.privacy.keys import NoKeys
from ml.privacy.pseudonyms import KeyRing, UnsoundKeys, canonical, is_pseudonym
from ml.quality.contract import Column, Source
from ml.training.schema import Feature

KEYS = {name: base64.b64encode(hashlib.sha256(name.encode()).digest()).decode() for name in ("k1", "k2")}
RING = KeyRing.parse(json.dumps({"current": "k2", "keys": KEYS}))


def test_a_pseudonym_is_the_code_of_the_standard_by_the_current_key() -> None:
    code = hmac.new(base64.b64decode(KEYS["k2"]), b"groundplan.pseudonym.1\0tail\0N14228", hashlib.sha256)
    letters = base64.b32encode(code.digest()[:20]).decode().lower()
    assert RING.pseudonym("N14228", "tail") == f"k2.{letters}"
    assert is_pseudonym(RING.pseudonym("N14228", "tail"))


def test_values_domains_and_keys_are_told_apart() -> None:
    assert RING.pseudonym("N1", "tail") != RING.pseudonym("N2", "tail")
    assert RING.pseudonym("N1", "tail")[3:] != RING.pseudonym("N1", "owner")[3:]
    assert RING.pseudonym("N1", "tail")[3:] != RING.pseudonym("N1", "tail", "k1")[3:]
    # The zero byte keeps a domain's end from being taken for the value's beginning.
    assert RING.pseudonym("ab", "c") != RING.pseudonym("b", "ca")


def test_one_value_in_two_writings_has_one_pseudonym() -> None:
    assert canonical(" Zoe\u0308\t") == "Zoë"
    assert RING.pseudonym("Zoë", "name") == RING.pseudonym(" Zoe\u0308 ", "name")
    assert RING.pseudonym("zoë", "name") != RING.pseudonym("Zoë", "name")


def test_after_a_rotation_the_overlap_leads_from_old_to_new() -> None:
    old = KeyRing.parse(json.dumps({"current": "k1", "keys": {"k1": KEYS["k1"]}}))
    before = list(old.pseudonyms(["N1", "N2"], "tail"))
    bridge = RING.bridge(["N1", "N2"], "tail", "k1")
    assert [bridge[token] for token in before] == list(RING.pseudonyms(["N1", "N2"], "tail"))
    with pytest.raises(UnsoundKeys, match="the overlap in which it was kept is over"):
        old.bridge(["N1"], "tail", "k0")


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("", "not of that form"),
        ('{"current": "k1"}', "not of that form"),
        ('{"current": "k1", "keys": {"k1": "not base 64!"}}', "not of that form"),
        (json.dumps({"current": "k3", "keys": KEYS}), "`current` names a key that is not among"),
        (json.dumps({"current": "K 1", "keys": {"K 1": KEYS["k1"]}}), "id has another form"),
        (json.dumps({"current": "k1", "keys": {"k1": "c2hvcnQ="}}), "the key k1 has 5 bytes"),
    ],
)
def test_keys_that_protect_nothing_are_refused_and_none_is_told(secret: str, why: str) -> None:
    with pytest.raises(UnsoundKeys, match=why) as refused:
        KeyRing.parse(secret)
    assert KEYS["k1"] not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_ring_shows_no_key(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("%s %r", RING, RING)
    raw = {base64.b64decode(key) for key in KEYS.values()}
    for text in (repr(RING), str(RING), caplog.text):
        assert not any(key in text or repr(value)[2:-1] in text for key in KEYS.values() for value in raw)


def test_keys_come_from_a_file_where_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    with pytest.raises(NoKeys, match="there is no file"):
        keys.read({keys.VARIABLE: f"file:{path}"})
    path.write_text(json.dumps({"current": "k1", "keys": KEYS}))
    assert keys.read({keys.VARIABLE: f"file:{path}"}).current == "k1"
    with pytest.raises(NoKeys, match="names no secret"):
        keys.read({})


PEOPLE = Source(
    name="people",
    columns=(
        Column(name="who", kind="text", personal="identifier", purpose="joins"),
        Column(name="born", kind="integer", personal="quasi", purpose="the age"),
    ),
)
BORN, AGE = Feature(name="born", kind="number"), Feature(name="age", kind="number")


def test_a_personal_feature_is_refused_unless_the_reason_is_stated() -> None:
    require_impersonal([AGE], [PEOPLE], {})
    require_impersonal([BORN], [PEOPLE], {"born": "age decides the dose"})
    with pytest.raises(PersonalFeature, match=r"born is the column people.born \(quasi\)"):
        require_impersonal([AGE, BORN], [PEOPLE], {"born": ""})


def test_pseudonyms_as_a_category_are_refused_whatever_the_feature_is_called() -> None:
    require_no_pseudonyms({"ward": ["north", "k2.north"]}, {})
    with pytest.raises(PersonalFeature, match="ward holds pseudonyms"):
        require_no_pseudonyms({"ward": ["north", RING.pseudonym("N1", "tail")]}, {})


def test_an_identifier_that_is_no_text_is_refused_by_the_contract() -> None:
    with pytest.raises(ValueError, match="Declare it as text"):
        Column(name="number", kind="integer", personal="identifier")
