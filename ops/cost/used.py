"""What does the use of a resource cost? The prices of its units, of which an idle stack needs none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ops.cost.item import Item

USED: Final[Mapping[str, Sequence[str]]] = {
    "ec2/natGateway": ("nat-gb", "internet-gb"),
    "ec2/vpcEndpoint": ("interface-gb",),
    "kms/key": ("kms-requests", "kms-rotation"),
    "kms/replicaKey": ("kms-requests",),
    "secretsmanager/secret": ("secret-calls",),
    "s3/bucket": ("s3-gb", "s3-infrequent-gb", "s3-archive-gb", "s3-writes", "s3-reads"),
    "s3/bucketReplicationConfig": ("s3-replication-gb",),
    "s3/bucketIntelligentTieringConfiguration": ("s3-tiering",),
    "cloudwatch/logGroup": ("logs-gb", "logs-kept-gb"),
    "cloudwatch/logMetricFilter": ("custom-metric",),
    "ec2/flowLog": ("logs-gb",),
    "lambda/function": ("function-calls", "function-gb-seconds"),
    "sns/topic": ("notifications",),
    "sqs/queue": ("queue-requests",),
    "cloudwatch/eventBus": ("events",),
    "cloudwatch/eventArchive": ("events",),
    "scheduler/schedule": ("schedules",),
    "pipes/pipe": ("pipe-requests",),
    "sfn/stateMachine": ("state-transitions",),
    "kinesis/stream": ("stream-in-gb", "stream-out-gb", "stream-puts"),
    "kinesis/firehoseDeliveryStream": ("firehose-gb", "firehose-conversion-gb"),
    "msk/serverlessCluster": ("msk-partitions", "msk-in-gb"),
    "emrserverless/application": ("spark-vcpu-hours", "spark-gb-hours"),
    "glue/job": ("glue-dpu-hours",),
    "glue/crawler": ("glue-dpu-hours",),
    "glue/dataQualityRuleset": ("glue-dpu-hours",),
    "athena/workgroup": ("athena-tb",),
    "sagemaker/featureGroup": ("feature-writes", "feature-reads", "feature-gb"),
    "sagemaker/endpointConfiguration": ("serverless-gb-seconds",),
    "dynamodb/table": ("dynamodb-writes", "dynamodb-reads", "dynamodb-gb"),
    "ecr/repository": ("ecr-gb",),
    "codebuild/project": ("build-minutes", "build-minutes-medium", "build-minutes-large"),
    "cfg/recorder": ("config-items",),
    "cfg/rule": ("config-evaluations",),
    "cfg/conformancePack": ("config-evaluations",),
    "guardduty/detector": ("guardduty-events",),
    "securityhub/standardsSubscription": ("securityhub-checks",),
    "macie2/account": ("macie-gb",),
    "inspector2/enabler": ("inspector-images",),
    "cloudtrail/trail": ("trail-data-events", "trail-copies"),
    "wafv2/webAcl": ("waf-requests",),
    "apigatewayv2/api": ("api-requests",),
    "apigateway/restApi": ("rest-requests",),
    "backup/vault": ("backup-gb", "backup-copy-gb"),
    "backup/restoreTestingPlan": ("restore-tests",),
    "backup/framework": ("backup-evaluations",),
    "amp/workspace": ("prometheus-samples",),
    "grafana/workspace": ("grafana-editors", "grafana-viewers"),
    "appconfig/configurationProfile": ("appconfig-calls",),
    "xray/group": ("trace-million",),
    "lb/loadBalancer": ("load-balancer-units",),
    "sagemaker/pipeline": (),
    "sagemaker/monitoringSchedule": (),
    "sagemaker/dataQualityJobDefinition": (),
    "sagemaker/trainingJob": (),
    "sagemaker/hyperParameterTuningJob": (),
    "sagemaker/app": (),
    "sagemaker/space": (),
}
"""By type. Where none is named, its work runs on instances: `sagemaker:<type>`, by the hour."""


def meters(item: Item) -> bool:
    """Whether the use of this very resource is on a bill: a gateway endpoint's is not."""
    return item.type != "ec2/vpcEndpoint" or item.get("vpcEndpointType") == "Interface"
