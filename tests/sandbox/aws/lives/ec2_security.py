"""The lives of the types of `ec2_security`."""

from __future__ import annotations

from lives.life import Life, a_bucket, a_group, a_vpc

LIVES = [
    Life(
        "aws:ec2/securityGroup:SecurityGroup",
        lambda make: {
            "vpcId": a_vpc(make),
            "description": "jobs",
            "ingress": [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/8"]}],
        },
        {"ingress": [{"protocol": "tcp", "fromPort": 80, "toPort": 80, "cidrBlocks": ["10.0.0.0/8"]}]},
        {"description": "other"},
    ),
    Life(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        lambda make: {"vpcId": a_vpc(make)},
        {"tags": {"a": "b"}},
        gone_after_delete=False,
        by_code=frozenset({"vpcId"}),
    ),
    Life(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        lambda make: {
            "securityGroupId": a_group(make)["id"],
            "ipProtocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrIpv4": "10.0.0.0/8",
            "description": "from inside",
        },
        None,
        {"toPort": 444},
        by_code=frozenset(
            {
                "toPort",
                "fromPort",
                "description",
                "cidrIpv4",
                "prefixListId",
                "cidrIpv6",
                "ipProtocol",
                "securityGroupId",
                "referencedSecurityGroupId",
            }
        ),
    ),
    Life(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        lambda make: (
            lambda group: {
                "securityGroupId": group["id"],
                "ipProtocol": "-1",
                "referencedSecurityGroupId": group["id"],
            }
        )(a_group(make)),
        None,
        {"ipProtocol": "icmp"},
        by_code=frozenset(
            {
                "toPort",
                "fromPort",
                "description",
                "cidrIpv4",
                "prefixListId",
                "cidrIpv6",
                "ipProtocol",
                "securityGroupId",
                "referencedSecurityGroupId",
            }
        ),
    ),
    Life(
        "aws:ec2/networkAcl:NetworkAcl",
        lambda make: {
            "vpcId": a_vpc(make),
            "ingress": [
                {
                    "ruleNo": 100,
                    "action": "allow",
                    "protocol": "tcp",
                    "fromPort": 443,
                    "toPort": 443,
                    "cidrBlock": "10.0.0.0/8",
                }
            ],
        },
        {"ingress": []},
        {"vpcId": "vpc-0123456789abcdef0"},
    ),
    Life(
        "aws:ec2/flowLog:FlowLog",
        lambda make: {
            "vpcId": a_vpc(make),
            "trafficType": "ALL",
            "logDestinationType": "s3",
            "logDestination": f"arn:aws:s3:::{a_bucket(make)}",
            "destinationOptions": {"fileFormat": "parquet", "perHourPartition": True},
        },
        {"tags": {"a": "b"}},
        {"trafficType": "REJECT"},
        by_code=frozenset({"eniId", "subnetId", "transitGatewayAttachmentId", "transitGatewayId", "vpcId"}),
    ),
]
