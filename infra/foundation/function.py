"""Function: a Lambda function of the platform with its role, its encrypted log and its dead letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pulumi
import pulumi_aws as aws

from infra.foundation.foundation import Foundation
from infra.foundation.log_group import log_group
from infra.foundation.policy import Statement
from infra.foundation.role import Role, RoleArgs

FUNCTIONS = Path("infra/functions")


@dataclass(frozen=True, kw_only=True)
class FunctionArgs:
    """What a function is. `purpose` ends its name and names its folder: `infra/functions/<purpose>/`, unless
    `folder` names another: functions that do the same for different targets share their code.

    Every `.py` file of the folder travels; `handler.py` holds `handle(event, context)`. A folder with an
    `__init__.py` travels as a package, whose files import each other by `from . import`. With `code` these
    files travel instead: `handler` names the module among them that holds `handle`. `statements` are what it
    may do beside writing its log. Without `undelivered_arn` its caller keeps what fails.
    """

    purpose: str
    description: str
    foundation: Foundation
    statements: pulumi.Input[Sequence[Statement]]
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    undelivered_arn: pulumi.Input[str] | None = None
    folder: str | None = None
    code: Mapping[str, Path] | None = None
    """Name within the function → file of the repository."""
    handler: str | None = None
    timeout_seconds: int = 20
    memory_mb: int = 128


class Function(pulumi.ComponentResource):
    """A function in Python on the messages' key. Controls: Lambda.2; least privilege, a log that ends."""

    arn: pulumi.Output[str]
    function_name: pulumi.Output[str]
    role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Function", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        foundation, place = args.foundation, args.foundation.place
        function_name = f"{place.prefix}-{args.purpose}"
        log_group_name = f"/aws/lambda/{function_name}"
        key = foundation.key_arns["messages"]
        group = log_group(f"{name}-log", name=log_group_name, foundation=foundation, opts=child)
        own = pulumi.Output.all(args.statements, key, args.undelivered_arn).apply(
            lambda known: [
                *known[0],
                Statement(
                    sid="WriteLogs",
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                    resources=place.log_group_arns(log_group_name),
                ),
                Statement(
                    sid="UseMessagesKey",
                    actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                    resources=[known[1]],
                ),
                *(
                    [Statement(sid="KeepUndelivered", actions=["sqs:SendMessage"], resources=[known[2]])]
                    if known[2]
                    else []
                ),
            ]
        )
        role = Role(
            f"{name}-role",
            RoleArgs(
                purpose=args.purpose,
                description=args.description,
                service="lambda.amazonaws.com",
                statements=own,
                boundary_arn=foundation.boundary_arn,
                place=place,
            ),
            opts=child,
        )
        folder = FUNCTIONS / (args.folder or args.purpose.replace("-", "_"))
        function = aws.lambda_.Function(
            f"{name}-function",
            name=function_name,
            description=args.description,
            role=role.arn,
            runtime="python3.13",
            architectures=["arm64"],
            handler=f"{args.handler}.handle" if args.handler else handler_of(folder),
            code=archive(folder) if args.code is None else archive_of(args.code),
            timeout=args.timeout_seconds,
            memory_size=args.memory_mb,
            kms_key_arn=key,
            environment={"variables": {"STACK": place.prefix, **args.environment}},
            dead_letter_config={"target_arn": args.undelivered_arn} if args.undelivered_arn else None,
            # Else Lambda makes the group itself, without a key and for ever.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[group]),
        )
        self.arn = function.arn
        self.function_name = function.name
        self.role_arn = role.arn
        self.register_outputs(
            {"arn": self.arn, "function_name": self.function_name, "role_arn": self.role_arn}
        )


def handler_of(folder: Path) -> str:
    """What Lambda calls: `handle` of the folder's `handler.py`."""
    return f"{folder.name}.handler.handle" if _is_package(folder) else "handler.handle"


def archive(folder: Path) -> pulumi.AssetArchive:
    """The function's code: the Python files of its folder, below the folder's name where it is a package."""
    within = f"{folder.name}/" if _is_package(folder) else ""
    return pulumi.AssetArchive(
        {f"{within}{file.name}": pulumi.FileAsset(str(file)) for file in sorted(folder.glob("*.py"))}
    )


def archive_of(files: Mapping[str, Path]) -> pulumi.AssetArchive:
    """The function's code: files of the repository, each where it is to lie."""
    return pulumi.AssetArchive({name: pulumi.FileAsset(str(file)) for name, file in sorted(files.items())})


def _is_package(folder: Path) -> bool:
    return (folder / "__init__.py").exists()
