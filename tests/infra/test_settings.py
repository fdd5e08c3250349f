"""Are settings read whole, and wrong ones told all at once?"""

from pathlib import Path

import pytest

from infra.environments import with_defaults
from infra.settings import SettingsError, read_settings
from infra.settings_page import page

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
    assert 'groundplan:network.zones: given ["a"]' in told
    assert 'groundplan:network.cidr: given "8.8.0.0/16"; allowed: a range of /16 to /20' in told
    assert 'groundplan:endpoint.instances: given "2"; allowed: a valid integer' in told
    assert 'groundplan:endpoint.instance: given "m5.large"' in told
    assert "groundplan:budget.monthlyUsd: given 0; allowed: greater than or equal to 1" in told
    assert "groundplan:netwrok: no such setting" in told
    assert "groundplan:logs.retentionDays: given 31; allowed: 30, 60, 90" in told
    assert "maxWaitMinutes of at least maxRunMinutes, 20" in told
    assert "stacks/Pulumi.dev.yaml" in told


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
    }


def test_the_page_of_settings_is_up_to_date() -> None:
    assert SETTINGS_PAGE.read_text() == page() + "\n", (
        "run `python -m infra.settings_page > docs/settings.md`"
    )
