"""What may the role of serving do in S3, SNS and the logs, by the way of serving?"""

from collections.abc import Sequence

from infra.foundation.logs import TRANSFORM_JOBS
from infra.foundation.place import Place
from infra.foundation.policy import Statement
from infra.serving.answer_topics import ANSWERS_TOLD
from infra.serving.configuration import REQUESTS
from infra.serving.settings import Mode


def serving_statements(
    mode: Mode, endpoint_name: str, place: Place, messages_key: str
) -> Sequence[Statement]:
    """What the role of serving does in S3 and SNS by its mode, beside what every mode does."""
    if mode not in ("asynchronous", "batch"):
        return []
    requests = f"{place.bucket_arn('captures')}/{endpoint_name}/{REQUESTS}/*"
    found = [Statement(sid="ReadRequests", actions=["s3:GetObject"], resources=[requests])]
    if mode == "batch":
        found += [
            Statement(
                sid="WriteLogsOfJobs",
                actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                resources=place.log_group_arns(TRANSFORM_JOBS),
            ),
            Statement(
                sid="PutMetricsOfJobs",
                actions=["cloudwatch:PutMetricData"],
                resources=["*"],
                any_resource_because="metrics have no ARN; the condition names the namespace",
                conditions={"StringEquals": {"cloudwatch:namespace": TRANSFORM_JOBS}},
            ),
        ]
    if mode == "asynchronous":
        found += [
            Statement(
                sid="TellOfAnswers",
                actions=["sns:Publish"],
                resources=[place.arn("sns", f"{endpoint_name}-{ending}") for ending in ANSWERS_TOLD],
            ),
            Statement(
                sid="UseMessagesKey",
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=[messages_key],
            ),
        ]
    return found
