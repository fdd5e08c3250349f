"""The lives of the types of `iam`."""

from __future__ import annotations

from lives.life import LISTS, READS, Life, a_role, trust

LIVES = [
    Life(
        "aws:iam/role:Role",
        lambda _: {"assumeRolePolicy": trust("sagemaker"), "description": "one"},
        {"description": "two", "assumeRolePolicy": trust("lambda"), "tags": {"a": "b"}},
        {"path": "/other/"},
    ),
    Life("aws:iam/policy:Policy", lambda _: {"policy": READS}, {"policy": LISTS}, {"path": "/other/"}),
    Life(
        "aws:iam/rolePolicy:RolePolicy",
        lambda make: {"role": a_role(make)["name"], "policy": READS},
        {"policy": LISTS},
        {"role": "other"},
    ),
    Life(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        lambda make: {
            "role": a_role(make)["name"],
            "policyArn": make("aws:iam/policy:Policy", "reads", {"policy": READS})["arn"],
        },
        None,
        {"role": "other"},
    ),
    Life(
        "aws:iam/instanceProfile:InstanceProfile",
        lambda make: {"role": a_role(make, "ec2")["name"]},
        {"role": None},
        {"path": "/other/"},
    ),
    Life("aws:iam/user:User", lambda _: {"path": "/people/"}, {"tags": {"a": "b"}}, {"path": "/"}),
    Life("aws:iam/group:Group", lambda _: {"path": "/people/"}, None, {"path": "/"}),
]
