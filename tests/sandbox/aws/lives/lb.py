"""The lives of load balancers, target groups, listeners and rules, under both of their names."""

from __future__ import annotations

from lives.ec2_instances import AMI
from lives.life import Life, Make, a_subnet, a_vpc
from sandbox.engine.values import PropertyMap


def two_subnets(make: Make) -> list[str]:
    vpc = a_vpc(make)
    return [
        str(
            make(
                "aws:ec2/subnet:Subnet",
                f"zone-{zone}",
                {
                    "vpcId": vpc,
                    "cidrBlock": f"10.20.{20 + index}.0/24",
                    "availabilityZone": f"eu-west-1{zone}",
                },
            )["id"]
        )
        for index, zone in enumerate("ab")
    ]


def a_balancer(make: Make) -> PropertyMap:
    inputs = {"name": "held-balancer", "internal": True, "subnets": two_subnets(make)}
    return make("aws:lb/loadBalancer:LoadBalancer", "balancer", inputs)


def a_target_group(make: Make, vpc: str | None = None) -> PropertyMap:
    inputs = {"name": "held-targets", "port": 80, "protocol": "HTTP", "vpcId": vpc or a_vpc(make)}
    return make("aws:lb/targetGroup:TargetGroup", "targets", inputs)


def a_listener(make: Make) -> PropertyMap:
    response = {"contentType": "text/plain", "messageBody": "none", "statusCode": "404"}
    inputs = {
        "loadBalancerArn": a_balancer(make)["arn"],
        "port": 80,
        "defaultActions": [{"type": "fixed-response", "fixedResponse": response}],
    }
    return make("aws:lb/listener:Listener", "listener", inputs)


def a_certificate(make: Make) -> PropertyMap:
    inputs = {"domainName": "www.example.org", "validationMethod": "DNS"}
    return make("aws:acm/certificate:Certificate", "certificate", inputs)


def _listener(make: Make) -> PropertyMap:
    balancer = a_balancer(make)
    group = a_target_group(make, balancer["vpcId"])
    return {
        "loadBalancerArn": balancer["arn"],
        "port": 8080,
        "protocol": "HTTP",
        "defaultActions": [{"type": "forward", "targetGroupArn": group["arn"]}],
    }


def _rule(make: Make) -> PropertyMap:
    listener = a_listener(make)
    group = a_target_group(make)
    return {
        "listenerArn": listener["arn"],
        "priority": 7,
        "actions": [{"type": "forward", "targetGroupArn": group["arn"]}],
        "conditions": [{"pathPattern": {"values": ["/api/*"]}}],
    }


def _attachment(make: Make) -> PropertyMap:
    subnet = a_subnet(make)
    inputs = {"ami": AMI, "instanceType": "t3.micro", "subnetId": subnet["id"]}
    instance = make("aws:ec2/instance:Instance", "machine", inputs)
    group = a_target_group(make, subnet["vpcId"])
    return {"targetGroupArn": group["arn"], "targetId": instance["id"], "port": 8080}


LIVES = [
    life
    for module in ("lb", "alb")
    for life in (
        Life(
            f"aws:{module}/loadBalancer:LoadBalancer",
            lambda make: {"subnets": two_subnets(make), "idleTimeout": 120},
            {"idleTimeout": 30, "enableDeletionProtection": False, "tags": {"a": "b"}},
            {"internal": True},
            by_code=frozenset({"internal"}),
        ),
        Life(
            f"aws:{module}/targetGroup:TargetGroup",
            lambda make: {
                "port": 80,
                "protocol": "HTTP",
                "vpcId": a_vpc(make),
                "healthCheck": {"path": "/health", "interval": 10, "timeout": 5},
                "stickiness": {"type": "lb_cookie", "cookieDuration": 60},
            },
            {"healthCheck": {"path": "/ready", "interval": 10, "timeout": 5}, "deregistrationDelay": 30},
            {"port": 81},
        ),
        Life(
            f"aws:{module}/targetGroupAttachment:TargetGroupAttachment",
            _attachment,
            None,
            {"port": 9090},
            by_code=frozenset({"availabilityZone", "port", "targetId"}),
        ),
        Life(
            f"aws:{module}/listener:Listener",
            _listener,
            {
                "defaultActions": [
                    {
                        "type": "redirect",
                        "redirect": {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"},
                    }
                ]
            },
            by_code=frozenset({"certificateArn"}),
        ),
        Life(
            f"aws:{module}/listenerRule:ListenerRule",
            _rule,
            {"conditions": [{"hostHeader": {"values": ["www.example.org"]}}], "priority": 9},
        ),
        Life(
            f"aws:{module}/listenerCertificate:ListenerCertificate",
            lambda make: {
                "listenerArn": a_listener(make)["arn"],
                "certificateArn": a_certificate(make)["arn"],
            },
            by_code=frozenset({"certificateArn"}),
        ),
    )
]
