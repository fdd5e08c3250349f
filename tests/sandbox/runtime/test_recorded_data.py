"""What the sandbox keeps of data services, and how it stands beside what the emulator runs of them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

_FEATURES = [{"FeatureName": name, "FeatureType": "String"} for name in ("id", "seen")]


def test_a_job_is_given_back_whole_and_runs_on_the_emulators_copy(cloud: Any) -> None:
    glue = cloud.client("glue")
    command = {"Name": "glueetl", "ScriptLocation": "s3://code/clean.py"}
    glue.create_job(Name="clean", Role="r", Command=command, ExecutionClass="FLEX", NumberOfWorkers=2)
    run = glue.start_job_run(JobName="clean")["JobRunId"]
    assert glue.get_job_run(JobName="clean", RunId=run)["JobRun"]["JobName"] == "clean"
    glue.update_job(JobName="clean", JobUpdate={"Role": "other", "Command": command})
    job = glue.get_job(JobName="clean")["Job"]
    assert job["Role"] == "other"
    assert "NumberOfWorkers" not in job
    glue.delete_job(JobName="clean")
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        glue.get_job(JobName="clean")


def test_a_workgroup_is_changed_member_by_member_and_primary_is_always_there(cloud: Any) -> None:
    athena = cloud.client("athena")
    assert athena.get_work_group(WorkGroup="primary")["WorkGroup"]["Name"] == "primary"
    limit = {"BytesScannedCutoffPerQuery": 10485760, "ResultConfiguration": {"OutputLocation": "s3://r/"}}
    athena.create_work_group(Name="analysts", Configuration=limit)
    athena.update_work_group(
        WorkGroup="analysts",
        ConfigurationUpdates={
            "RemoveBytesScannedCutoffPerQuery": True,
            "ResultConfigurationUpdates": {"OutputLocation": "s3://other/"},
        },
    )
    found = athena.get_work_group(WorkGroup="analysts")["WorkGroup"]["Configuration"]
    assert found["ResultConfiguration"] == {"OutputLocation": "s3://other/"}
    assert found["EnforceWorkGroupConfiguration"] is True
    assert "BytesScannedCutoffPerQuery" not in found
    assert athena.start_query_execution(QueryString="select 1", WorkGroup="analysts")["QueryExecutionId"]
    athena.delete_work_group(WorkGroup="analysts")


def test_an_update_keeps_what_it_has_no_member_for(cloud: Any) -> None:
    emr = cloud.client("emr-serverless")
    made = emr.create_application(
        releaseLabel="emr-7.5.0", type="SPARK", name="spark", clientToken="1", architecture="ARM64"
    )["applicationId"]
    emr.update_application(applicationId=made, clientToken="2", releaseLabel="emr-7.6.0")
    found = emr.get_application(applicationId=made)["application"]
    assert (found["name"], found["type"], found["releaseLabel"]) == ("spark", "SPARK", "emr-7.6.0")
    emr.stop_application(applicationId=made)
    emr.delete_application(applicationId=made)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        emr.get_application(applicationId=made)


def test_two_kinds_that_share_an_operation_are_told_apart(cloud: Any) -> None:
    kafka = cloud.client("kafka")
    brokers = {"InstanceType": "kafka.m5.large", "ClientSubnets": ["a", "b"]}
    provisioned = kafka.create_cluster(
        ClusterName="p", KafkaVersion="3.6.0", NumberOfBrokerNodes=2, BrokerNodeGroupInfo=brokers
    )["ClusterArn"]
    serverless = kafka.create_cluster_v2(
        ClusterName="s",
        Serverless={
            "VpcConfigs": [{"SubnetIds": ["a", "b"]}],
            "ClientAuthentication": {"Sasl": {"Iam": {"Enabled": True}}},
        },
    )["ClusterArn"]
    assert kafka.describe_cluster(ClusterArn=provisioned)["ClusterInfo"]["State"] == "ACTIVE"
    assert "BootstrapBrokerStringTls" in kafka.get_bootstrap_brokers(ClusterArn=provisioned)
    assert "kafka-serverless" in str(kafka.get_bootstrap_brokers(ClusterArn=serverless))
    for arn in (provisioned, serverless):
        kafka.delete_cluster(ClusterArn=arn)
        with pytest.raises(ClientError, match="NotFoundException"):
            kafka.get_bootstrap_brokers(ClusterArn=arn)


def test_a_job_definition_counts_its_revisions_up(cloud: Any) -> None:
    batch = cloud.client("batch")
    for revision in (1, 2):
        made = batch.register_job_definition(
            jobDefinitionName="clean", type="container", containerProperties={"image": "busybox"}
        )
        assert made["revision"] == revision
    batch.deregister_job_definition(jobDefinition=made["jobDefinitionArn"])
    left = batch.describe_job_definitions(jobDefinitionName="clean")["jobDefinitions"]
    assert [definition["revision"] for definition in left] == [1]


def test_a_feature_groups_update_adds_features_and_a_time_to_live(cloud: Any) -> None:
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_feature_group(
        FeatureGroupName="flights",
        RecordIdentifierFeatureName="id",
        EventTimeFeatureName="seen",
        FeatureDefinitions=_FEATURES,
        OnlineStoreConfig={"EnableOnlineStore": True},
        Tags=[{"Key": "a", "Value": "b"}],
    )
    sagemaker.update_feature_group(
        FeatureGroupName="flights",
        FeatureAdditions=[{"FeatureName": "delay", "FeatureType": "Integral"}],
        OnlineStoreConfig={"TtlDuration": {"Unit": "Days", "Value": 3}},
    )
    found = sagemaker.describe_feature_group(FeatureGroupName="flights")
    assert [feature["FeatureName"] for feature in found["FeatureDefinitions"]] == ["id", "seen", "delay"]
    assert found["OnlineStoreConfig"]["EnableOnlineStore"] is True
    assert found["OnlineStoreConfig"]["TtlDuration"]["Value"] == 3
    tags = sagemaker.list_tags(ResourceArn=found["FeatureGroupArn"])["Tags"]
    assert tags == [{"Key": "a", "Value": "b"}]


def test_a_buses_policy_replaces_the_one_before_it(cloud: Any) -> None:
    events = cloud.client("events")
    events.create_event_bus(Name="orders", Description="of orders")
    statement = (
        '{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::%s:root"}, '
        '"Action": "events:PutEvents", "Resource": "*"}'
    )
    for account in ("111111111111", "222222222222"):
        text = '{"Version": "2012-10-17", "Statement": [' + statement % account + "]}"
        events.put_permission(EventBusName="orders", Policy=text)
    policy = events.describe_event_bus(Name="orders")["Policy"]
    assert "222222222222" in policy
    assert "111111111111" not in policy
    assert events.update_event_bus(Name="orders", Description="of all")["Description"] == "of all"
