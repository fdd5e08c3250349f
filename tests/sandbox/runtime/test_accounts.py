"""That accounts share nothing in one sandbox: what remains, what is spent, what a journal is shortened by."""

from __future__ import annotations

from typing import Any

import boto3

from sandbox.runtime import daemon
from sandbox.runtime.host import compaction

DEFAULT, OTHER = "123456789012", "234567890123"


def client_of(cloud: Any, account: str, service: str) -> Any:
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=cloud.address.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=f"AKIA0000{account}",
        aws_secret_access_key="any",
    )


def test_what_remains_is_told_by_account(cloud: Any) -> None:
    for account in (DEFAULT, OTHER):
        client_of(cloud, account, "sqs").create_queue(QueueName=f"of-{account}")
        client_of(cloud, account, "budgets").create_budget(
            AccountId=account,
            Budget={
                "BudgetName": f"of-{account}",
                "BudgetLimit": {"Amount": "100", "Unit": "USD"},
                "TimeUnit": "MONTHLY",
                "BudgetType": "COST",
            },
        )
        client_of(cloud, account, "accessanalyzer").create_analyzer(
            analyzerName=f"of-{account}", type="ACCOUNT"
        )
        client_of(cloud, account, "sagemaker").create_model_package_group(
            ModelPackageGroupName=f"of-{account}"
        )
    ours = cloud.administration.remaining(OTHER).remaining
    assert {one.account for one in ours} == {OTHER}
    assert {one.service for one in ours} == {"sqs", "budgets", "access-analyzer", "sagemaker"}
    assert all(OTHER in one.id for one in ours)
    every = cloud.administration.remaining().remaining
    assert len(every) == 2 * len(ours)


def test_each_account_has_a_spend_of_its_own(cloud: Any) -> None:
    for account in (DEFAULT, OTHER):
        client_of(cloud, account, "budgets").create_budget(
            AccountId=account,
            Budget={
                "BudgetName": "monthly",
                "BudgetLimit": {"Amount": "100", "Unit": "USD"},
                "TimeUnit": "MONTHLY",
                "BudgetType": "COST",
            },
        )

    def spent(account: str) -> float:
        budgets = client_of(cloud, account, "budgets")
        told = budgets.describe_budget(AccountId=account, BudgetName="monthly")["Budget"]
        return float(told["CalculatedSpend"]["ActualSpend"]["Amount"])

    cloud.administration.spend(40, OTHER)
    assert (spent(DEFAULT), spent(OTHER)) == (0, 40)
    cloud.administration.spend(7)
    assert (spent(DEFAULT), spent(OTHER)) == (7, 40)


def test_a_journal_is_shortened_by_the_account_in_which_nothing_remains(cloud: Any) -> None:
    cloud.administration.reset()
    kept = client_of(cloud, DEFAULT, "sqs").create_queue(QueueName="kept")["QueueUrl"]
    gone = client_of(cloud, OTHER, "sqs")
    for number in range(compaction.AT_LEAST // 2):
        gone.delete_queue(QueueUrl=gone.create_queue(QueueName=f"gone-{number}")["QueueUrl"])
    for expected in (compaction.AT_LEAST + 1, 1):
        daemon.stop(cloud.root)
        daemon.start(cloud.root)
        assert cloud.administration.status()["replayed"] == expected
    assert client_of(cloud, DEFAULT, "sqs").list_queues()["QueueUrls"] == [kept]
    assert cloud.administration.status()["replayDifferences"] == 0


def test_a_journal_keeps_an_account_that_another_still_speaks_of(cloud: Any) -> None:
    cloud.administration.reset()
    theirs = client_of(cloud, OTHER, "sqs")
    for number in range(compaction.AT_LEAST // 2):
        theirs.delete_queue(QueueUrl=theirs.create_queue(QueueName=f"gone-{number}")["QueueUrl"])
    client_of(cloud, DEFAULT, "sns").create_topic(Name="kept", Attributes={"DisplayName": f"for {OTHER}"})
    for _ in range(2):
        daemon.stop(cloud.root)
        daemon.start(cloud.root)
        assert cloud.administration.status()["replayed"] == compaction.AT_LEAST + 1
