"""Do the policies of personas say what their table says, and do only the right people take them on?"""

import json
from pathlib import Path
from typing import get_args

import pytest
from judged import admitted, allowed
from mocked import ACCOUNT, REGION, build, foundation
from pydantic import ValidationError

from infra.foundation.place import Place
from infra.foundation.policy import document
from infra.identity.people import IdentitySettings, People, PeopleArgs, who_may_take_on
from infra.identity.people_boundary import people_boundary
from infra.identity.persona_parts import Territory
from infra.identity.persona_permissions import Persona, statements_of
from infra.identity.personas import DEEDS, PERSONAS, TEAM, Deed
from infra.identity.personas_page import written

PLACE = Place(project="groundplan", stack="dev", account=ACCOUNT, region=REGION, partition="aws")
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/"
TERRITORY = Territory(
    place=PLACE,
    data_key=f"{KEY}data",
    model_key=f"{KEY}model",
    logs_key=f"{KEY}logs",
    endpoint="groundplan-dev-flights",
)
SESSION = {
    "aws:RequestedRegion": REGION,
    "aws:PrincipalTag/Team": TEAM,
    "aws:MultiFactorAuthPresent": "true",
}
PAGE = Path(__file__).parents[2] / "docs" / "components" / "identity.md"


@pytest.mark.parametrize("persona", PERSONAS)
@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.does)
def test_a_persona_may_do_what_the_table_says_and_nothing_that_it_does_not(
    deed: Deed, persona: Persona
) -> None:
    may = allowed(
        statements_of(persona, TERRITORY),
        people_boundary(PLACE),
        deed.action,
        deed.arn(PLACE),
        {**SESSION, **deed.context},
    )
    assert may == (persona in deed.may), f"{persona}: {deed.does}"


def test_the_table_speaks_of_every_persona_and_shows_each_something_and_refuses_each_something() -> None:
    assert set(PERSONAS) == set(get_args(Persona))
    for persona in PERSONAS:
        kinds = {persona in deed.may for deed in DEEDS}
        assert kinds == {True, False}
    assert len({deed.does for deed in DEEDS}) == len(DEEDS)


@pytest.mark.parametrize("persona", PERSONAS)
def test_a_persona_can_do_nothing_in_another_region_and_nothing_beyond_its_ceiling(persona: Persona) -> None:
    statements = statements_of(persona, TERRITORY)
    elsewhere = {**SESSION, "aws:RequestedRegion": "eu-west-1"}
    report = PLACE.bucket_arn("models") + "/flights/evaluated/x/evaluation.html"
    assert not allowed(statements, people_boundary(PLACE), "s3:GetObject", report, elsewhere)
    for statement in statements:
        for action in statement.actions:
            told = action.replace("*", "X")
            context = {**SESSION, "iam:PassedToService": "sagemaker.amazonaws.com"}
            resource = PLACE.role_arn("training") if action == "iam:PassRole" else "x"
            within = allowed(people_boundary(PLACE), people_boundary(PLACE), told, resource, context)
            denied = action in ("sagemaker:UpdateEndpoint", "lambda:GetFunction")
            assert within or denied, f"{persona}: {action} is granted in vain, its boundary refuses it"


@pytest.mark.parametrize("persona", PERSONAS)
def test_a_policy_fits_into_iams_limits_and_names_no_whole_service(persona: Persona) -> None:
    assert len(document(*statements_of(persona, TERRITORY)).replace(" ", "")) <= 10_240
    assert len(document(*people_boundary(PLACE)).replace(" ", "")) <= 6_144
    actions = [action for one in statements_of(persona, TERRITORY) for action in one.actions]
    assert not [action for action in actions if action.endswith(":*")]
    sids = [one.sid for one in statements_of(persona, TERRITORY)]
    assert len(sids) == len(set(sids)), "IAM wants each Sid once"


ROOT = {"AWS": frozenset({f"arn:aws:iam::{ACCOUNT}:root"})}
GOOD = {
    "aws:MultiFactorAuthPresent": "true",
    "aws:PrincipalTag/Team": "risk",
    "aws:RequestTag/Team": "risk",
    "aws:TagKeys": ["Team"],
}


@pytest.mark.parametrize(
    ("changed", "enters"),
    [
        ({}, True),
        ({"aws:MultiFactorAuthPresent": "false"}, False),
        ({"aws:MultiFactorAuthPresent": ()}, False),
        ({"aws:RequestTag/Team": "fraud"}, False),
        ({"aws:RequestTag/Team": "fraud", "aws:PrincipalTag/Team": "fraud"}, True),
        ({"aws:RequestTag/Team": "sales", "aws:PrincipalTag/Team": "sales"}, False),
        ({"aws:TagKeys": ["Team", "Project"]}, False),
    ],
)
def test_a_user_enters_after_mfa_for_the_own_team_and_for_no_other(
    changed: dict[str, object], enters: bool
) -> None:
    trust = who_may_take_on(IdentitySettings(teams=("risk", "fraud")), PLACE)
    context = {name: value for name, value in {**GOOD, **changed}.items() if value != ()}
    assert admitted(trust, ROOT, "sts:AssumeRole", context) is enters
    assert admitted(trust, ROOT, "sts:TagSession", context) is enters


def test_without_a_team_nobody_enters() -> None:
    trust = who_may_take_on(IdentitySettings(teams=("risk",)), PLACE)
    assert not admitted(trust, ROOT, "sts:AssumeRole", {"aws:MultiFactorAuthPresent": "true"})


@pytest.mark.parametrize(("mfa", "enters"), [("true", True), ("false", False)])
def test_a_directory_vouches_for_mfa_and_team(mfa: str, enters: bool) -> None:
    provider = f"arn:aws:iam::{ACCOUNT}:saml-provider/company"
    trust = who_may_take_on(IdentitySettings(teams=("risk",), saml_provider=provider), PLACE)
    context = {
        "SAML:aud": "https://signin.aws.amazon.com/saml",
        "aws:RequestTag/Mfa": mfa,
        "aws:RequestTag/Team": "risk",
        "aws:TagKeys": ["Mfa", "Team"],
    }
    caller = {"Federated": frozenset({provider})}
    assert admitted(trust, caller, "sts:AssumeRoleWithSAML", context) is enters
    assert not admitted(trust, ROOT, "sts:AssumeRole", {**GOOD, **context})


def test_there_is_one_way_in() -> None:
    with pytest.raises(ValidationError, match="either samlProvider or trustedPrincipals"):
        IdentitySettings(
            saml_provider=f"arn:aws:iam::{ACCOUNT}:saml-provider/company",
            trusted_principals=(f"arn:aws:iam::{ACCOUNT}:root",),
        )


@pytest.mark.parametrize("preview", [False, True])
def test_every_persona_gets_a_role_under_the_ceiling_of_people(preview: bool) -> None:
    def program() -> dict[str, object]:
        people = People(
            "people",
            PeopleArgs(
                settings=IdentitySettings(session_hours=2),
                foundation=foundation(),
                endpoint_name="groundplan-dev-flights",
            ),
        )
        return {} if preview else dict(people.role_arns)

    found = build(program, preview=preview)
    roles = found.of("aws:iam/role:Role")
    assert {one["name"] for one in roles.values()} == {f"groundplan-dev-{persona}" for persona in PERSONAS}
    (passwords,) = found.of("aws:iam/accountPasswordPolicy:AccountPasswordPolicy").values()
    assert (passwords["minimumPasswordLength"], passwords["passwordReusePrevention"]) == (14, 24)
    if preview:
        return
    assert found.outputs == {
        persona: f"arn:aws:iam::{ACCOUNT}:role/groundplan-dev-{persona}" for persona in PERSONAS
    }
    ceiling = f"arn:aws:iam::{ACCOUNT}:policy/groundplan-dev-people-boundary"
    assert {one["permissionsBoundary"] for one in roles.values()} == {ceiling}
    assert {one["maxSessionDuration"] for one in roles.values()} == {7200}
    assert all("MultiFactorAuthPresent" in one["assumeRolePolicy"] for one in roles.values())


def test_a_stack_can_leave_people_and_passwords_to_another() -> None:
    def program() -> dict[str, object]:
        settings = IdentitySettings(personas=False, password_policy=False)
        people = People(
            "people", PeopleArgs(settings=settings, foundation=foundation(), endpoint_name="flights")
        )
        return {"roles": people.role_arns}

    found = build(program)
    assert found.outputs == {"roles": {}}
    assert found.kinds == ["groundplan:infra:People"]


def test_the_page_shows_todays_table() -> None:
    assert PAGE.read_text() == written(PAGE.read_text()), "run `python -m infra.identity.personas_page`"
    assert json.dumps(PAGE.read_text()).count("| yes |") > 20
