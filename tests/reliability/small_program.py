"""Some twenty resources of many services, settings, rules and nameless things among them."""

import json

import pulumi
import pulumi_aws as aws


def policy(action: str, resource: pulumi.Input[str]) -> pulumi.Output[str]:
    """A resource policy that lets the account's own root do one thing."""

    def document(arn: str) -> str:
        principal = {"AWS": "arn:aws:iam::123456789012:root"}
        statement = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": arn}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    return pulumi.Output.from_input(resource).apply(document)


class Store(pulumi.ComponentResource):
    """A bucket with its settings, encrypted with a key of its own."""

    def __init__(self, name: str) -> None:
        super().__init__("test:index:Store", name)
        own = pulumi.ResourceOptions(parent=self)
        key = aws.kms.Key(f"{name}-key", description=f"Opens {name}", opts=own)
        aws.kms.Alias(f"{name}-alias", name=f"alias/{name}", target_key_id=key.key_id, opts=own)
        bucket = aws.s3.Bucket(f"{name}-bucket", opts=own)
        aws.s3.BucketVersioning(
            f"{name}-versions",
            bucket=bucket.id,
            versioning_configuration={"status": "Enabled"},
            opts=own,
        )
        aws.s3.BucketPublicAccessBlock(f"{name}-private", bucket=bucket.id, block_public_acls=True, opts=own)
        aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.id,
            policy=policy("s3:GetObject", bucket.arn.apply(lambda arn: f"{arn}/*")),
            opts=own,
        )
        aws.s3.BucketObjectv2(f"{name}-object", bucket=bucket.id, key="hello", content="world", opts=own)
        self.register_outputs({"bucket": bucket.id})


Store("store")
topic = aws.sns.Topic("news")
aws.sns.TopicPolicy("news-policy", arn=topic.arn, policy=policy("sns:Publish", topic.arn))
queue = aws.sqs.Queue("letters")
aws.sns.TopicSubscription("news-letters", topic=topic.arn, protocol="sqs", endpoint=queue.arn)
role = aws.iam.Role(
    "worker",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    ),
)
aws.iam.RolePolicy(
    "worker-reads",
    role=role.id,
    policy=queue.arn.apply(
        lambda arn: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "sqs:ReceiveMessage", "Resource": arn}],
            }
        )
    ),
)
# Two VPCs that only their tags tell apart, and what stands in them.
for name in ("north", "south"):
    vpc = aws.ec2.Vpc(f"{name}-vpc", cidr_block="10.0.0.0/16", tags={"Name": name})
    aws.ec2.Subnet(f"{name}-subnet", vpc_id=vpc.id, cidr_block="10.0.1.0/24")
group = aws.ec2.SecurityGroup("south-group", description="What the south lets in", vpc_id=vpc.id)
aws.vpc.SecurityGroupIngressRule(
    "south-https",
    security_group_id=group.id,
    ip_protocol="tcp",
    from_port=443,
    to_port=443,
    cidr_ipv4="10.0.0.0/16",
)
aws.cloudwatch.LogGroup("diary", retention_in_days=7)
secret = aws.secretsmanager.Secret("word", recovery_window_in_days=0)
aws.secretsmanager.SecretVersion("word-now", secret_id=secret.id, secret_string="open sesame")
pulumi.export("topic", topic.arn)
