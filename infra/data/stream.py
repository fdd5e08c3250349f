"""Stream: the events as they come, in Kinesis or in Kafka, encrypted and kept for a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws
from pydantic import Field

from infra.foundation.foundation import Foundation
from infra.foundation.log_group import log_group
from infra.network.placement import Placement
from infra.settings.block import Settings

IAM_PORT = 9098
"""Where Kafka takes clients that sign with IAM, over TLS (MSK guide, "Port information")."""
TOPIC = "events"


class KafkaSettings(Settings):
    """`groundplan:streaming.kafka`: the cluster of MSK, where `kind` is `msk`."""

    cluster: Literal["serverless", "provisioned"] = Field(
        default="serverless", description="Whether MSK scales by itself, or has brokers of a size."
    )
    broker: Literal["kafka.t3.small", "kafka.m7g.large", "kafka.m7g.xlarge"] = Field(
        default="kafka.t3.small", description="Type of each broker; a cluster has one in each zone."
    )
    volume_gb: int = Field(default=100, ge=10, le=16384, description="Disk of each broker, in GiB.")
    version: str = Field(
        default="3.8.x",
        pattern=r"^[0-9]+\.[0-9]+(\.([0-9]+|x)(\.(tiered|kraft))?)?$",
        description="Version of Kafka.",
    )


@dataclass(frozen=True, kw_only=True)
class KafkaArgs:
    """What streaming hands to the cluster. `clients_group_id` is the security group of jobs and endpoints."""

    settings: KafkaSettings
    foundation: Foundation
    placement: Placement
    clients_group_id: pulumi.Input[str]


class Kafka(pulumi.ComponentResource):
    """A cluster of MSK that clients reach by IAM over TLS alone.

    Controls: MSK.1 (encrypted in transit), MSK.4 (no public access), MSK.6 (no unauthenticated access).
    """

    cluster_arn: pulumi.Output[str]
    brokers: pulumi.Output[str]
    """Addresses of the brokers, as clients take them."""

    def __init__(self, name: str, args: KafkaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Kafka", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        foundation, settings, placement = args.foundation, args.settings, args.placement
        cluster_name = f"{foundation.place.prefix}-events"
        group = aws.ec2.SecurityGroup(
            f"{name}-brokers",
            name=f"{foundation.place.prefix}-kafka",
            description="Brokers of Kafka: clients that sign with IAM, and what reads for functions",
            vpc_id=placement.vpc_id,
            tags={"Name": f"{foundation.place.prefix}-kafka"},
            opts=child,
        )
        for who, other in (("clients", args.clients_group_id), ("readers", group.id)):
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-from-{who}",
                security_group_id=group.id,
                description=f"Kafka by IAM over TLS, from {who}",
                ip_protocol="tcp",
                from_port=IAM_PORT,
                to_port=IAM_PORT,
                referenced_security_group_id=other,
                opts=child,
            )
        # What reads for functions stands in this group too, and reaches brokers and AWS's services.
        for what, port in (("brokers", IAM_PORT), ("services", 443)):
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-to-{what}",
                security_group_id=group.id,
                description=f"Readers to {what}",
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                **(
                    {"referenced_security_group_id": group.id}
                    if port == IAM_PORT
                    else {"cidr_ipv4": "0.0.0.0/0"}
                ),
                opts=child,
            )
        if settings.cluster == "serverless":
            serverless = aws.msk.ServerlessCluster(
                f"{name}-serverless",
                cluster_name=cluster_name,
                vpc_configs=[{"subnet_ids": placement.subnet_ids, "security_group_ids": [group.id]}],
                client_authentication={"sasl": {"iam": {"enabled": True}}},
                # MSK moves no cluster: another set of zones would replace it, with all that it holds.
                opts=foundation.holding_data(self, ignore_changes=["vpc_configs"]),
            )
            self.cluster_arn, self.brokers = serverless.arn, serverless.bootstrap_brokers_sasl_iam
        else:
            self.cluster_arn, self.brokers = self._provisioned(name, cluster_name, args, group.id)
        self.register_outputs({"cluster_arn": self.cluster_arn, "brokers": self.brokers})

    def _provisioned(
        self, name: str, cluster_name: str, args: KafkaArgs, group_id: pulumi.Output[str]
    ) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        """ARN and addresses of a cluster with a broker in each zone."""
        foundation, settings, placement = args.foundation, args.settings, args.placement
        log = log_group(
            f"{name}-log",
            name=f"/aws/msk/{cluster_name}",
            foundation=foundation,
            opts=pulumi.ResourceOptions(parent=self),
        )
        cluster = aws.msk.Cluster(
            f"{name}-provisioned",
            cluster_name=f"{cluster_name}-brokers",
            kafka_version=settings.version,
            number_of_broker_nodes=len(placement.subnet_ids),
            broker_node_group_info={
                "instance_type": settings.broker,
                "client_subnets": placement.subnet_ids,
                "security_groups": [group_id],
                "storage_info": {"ebs_storage_info": {"volume_size": settings.volume_gb}},
                "connectivity_info": {"public_access": {"type": "DISABLED"}},
            },
            client_authentication={"sasl": {"iam": True}, "unauthenticated": False},
            encryption_info={
                "encryption_at_rest_kms_key_arn": foundation.key_arns["data"],
                "encryption_in_transit": {"client_broker": "TLS", "in_cluster": True},
            },
            enhanced_monitoring="DEFAULT",
            logging_info={"broker_logs": {"cloudwatch_logs": {"enabled": True, "log_group": log.name}}},
            # MSK moves no cluster: another set of zones would replace it, with all that it holds.
            opts=foundation.holding_data(
                self, ignore_changes=["brokerNodeGroupInfo.clientSubnets", "number_of_broker_nodes"]
            ),
        )
        return cluster.arn, cluster.bootstrap_brokers_sasl_iam


@dataclass(frozen=True, kw_only=True)
class KinesisArgs:
    """What streaming hands to the stream. `shards` is none for a stream that scales by itself."""

    foundation: Foundation
    shards: int | None
    retention_hours: int


class Kinesis(pulumi.ComponentResource):
    """A stream of Kinesis on the data's key. Controls: Kinesis.1, Kinesis.3."""

    stream_arn: pulumi.Output[str]
    stream_name: pulumi.Output[str]

    def __init__(self, name: str, args: KinesisArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Kinesis", name, opts=opts)
        foundation = args.foundation
        stream = aws.kinesis.Stream(
            f"{name}-stream",
            name=f"{foundation.place.prefix}-events",
            stream_mode_details={"stream_mode": "ON_DEMAND" if args.shards is None else "PROVISIONED"},
            shard_count=args.shards,
            retention_period=args.retention_hours,
            encryption_type="KMS",
            kms_key_id=foundation.key_arns["data"],
            opts=foundation.holding_data(self),
        )
        self.stream_arn, self.stream_name = stream.arn, stream.name
        self.register_outputs({"stream_arn": self.stream_arn, "stream_name": self.stream_name})
