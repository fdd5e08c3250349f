"""Are settings read whole, and wrong ones told all at once?"""

from pathlib import Path

import pytest

from infra.settings.environments import with_defaults
from infra.settings.loading import SettingsError, read_settings
from infra.settings.page import page
from infra.settings.stack_file import faults

SETTINGS_PAGE = Path(__file__).parents[2] / "docs" / "settings.md"

ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package/groundplan-dev-flights/3"


def test_an_empty_stack_gets_the_defaults_of_its_environment() -> None:
    settings = read_settings("dev", {})
    assert settings.budget.monthly_usd == 800
    assert settings.storage.force_destroy is True
    assert settings.release is None


def test_what_is_given_wins_over_the_environment() -> None:
    settings = read_settings("dev", {"budget": {"monthlyUsd": 50}, "release": {"modelPackageArn": ARN}})
    assert settings.budget.monthly_usd == 50
    assert settings.storage.force_destroy is True
    assert settings.release is not None
    assert settings.release.model_package_arn == ARN


def test_every_wrong_setting_is_told_at_once_with_path_value_and_what_is_allowed() -> None:
    with pytest.raises(SettingsError) as failure:
        read_settings(
            "dev",
            {
                "network": {"zones": ["a"], "cidr": "8.8.0.0/16"},
                "endpoint": {"instances": "2", "instance": "m5.large"},
                "budget": {"monthlyUsd": 0},
                "netwrok": {},
                "logs": {"retentionDays": 31},
                "training": {"maxWaitMinutes": 10, "maxRunMinutes": 20},
            },
        )
    told = str(failure.value)
    assert "8 settings are wrong" in told
    assert 'groundplan:network.zones: given ["a"]; allowed: 2 or more of them' in told
    assert 'groundplan:network.cidr: given "8.8.0.0/16"; allowed: a range of /16 to /20' in told
    assert 'groundplan:endpoint.instances: given "2"; allowed: a whole number' in told
    assert 'groundplan:endpoint.instance: given "m5.large"' in told
    assert "groundplan:budget.monthlyUsd: given 0; allowed: greater than or equal to 1" in told
    assert "groundplan:netwrok: no such setting" in told
    assert "groundplan:logs.retentionDays: given 31; allowed: 30, 60, 90" in told
    assert "maxWaitMinutes of at least maxRunMinutes, 20" in told
    assert "stacks/Pulumi.dev.yaml" in told


def test_a_list_is_counted_without_its_wrong_items() -> None:
    with pytest.raises(SettingsError) as failure:
        read_settings("dev", {"network": {"zones": ["a", "z"]}, "training": {"spot": "maybe"}})
    told = str(failure.value)
    assert "2 settings are wrong" in told
    assert 'groundplan:network.zones.1: given "z"; allowed: a text of the form ^[a-f]$' in told
    assert 'groundplan:training.spot: given "maybe"; allowed: true or false' in told


GOOD = {"aws:region": "us-east-1", "aws:allowedAccountIds": '["123456789012"]'}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (
            {"groundpaln:budget": "{}"},
            "groundpaln:budget: no such namespace; allowed: groundplan:…, aws:…, pulumi:…; "
            "was groundplan:budget meant?",
        ),
        (
            {"aws:regoin": "eu-west-1"},
            "aws:regoin: the AWS provider has no such setting; was aws:region meant?",
        ),
        (
            {"aws:region": "us-eats-1"},
            'aws:region: given "us-eats-1"; allowed: a region of AWS; was us-east-1 meant?',
        ),
        (
            {"aws:allowedAccountIds": "[12345]"},
            "aws:allowedAccountIds: given [12345]; allowed: a list of accounts of 12 digits in quotes, "
            'such as ["123456789012"]',
        ),
    ],
)
def test_what_pulumi_would_pass_over_in_silence_is_told(wrong: dict[str, str], told: str) -> None:
    assert list(faults({**GOOD, **wrong}, "groundplan")) == [told]


def test_the_region_and_the_accounts_must_be_given() -> None:
    told = list(faults({}, "groundplan"))
    assert [one.split(":", 2)[1] for one in told] == ["region", "allowedAccountIds"]
    assert list(faults(GOOD, "groundplan")) == []


def test_faults_beside_our_settings_are_told_with_them() -> None:
    with pytest.raises(SettingsError, match=r"(?s)2 settings are wrong:\n  one\n  groundplan:foo"):
        read_settings("dev", {"foo": 1}, ["one"])


def test_a_stack_of_no_known_environment_says_which_there_are() -> None:
    with pytest.raises(SettingsError, match=r"groundplan:environment: given \"blue\"; allowed: 'dev'"):
        read_settings("blue", {})


def test_a_stack_of_another_name_can_name_its_environment() -> None:
    assert read_settings("blue", {"environment": "dev"}).budget.monthly_usd == 800


def test_defaults_are_merged_block_by_block_and_lists_are_replaced() -> None:
    merged = with_defaults("dev", {"storage": {"raw": {"expireAfterDays": 9}}})
    assert merged["storage"]["forceDestroy"] is True
    assert merged["storage"]["raw"] == {
        "infrequentAfterDays": 90,
        "archiveAfterDays": 365,
        "expireAfterDays": 9,
        "oldVersionsDays": 7,
    }


def test_the_page_of_settings_is_up_to_date() -> None:
    assert SETTINGS_PAGE.read_text() == page() + "\n", (
        "run `python -m infra.settings.page > docs/settings.md`"
    )
