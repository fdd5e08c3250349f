"""Which cloud a command works on: this folder's sandbox, or a real AWS account that was asked for."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

from ops.errors import AccountNotAllowedError, NoCredentialsError, UsageError
from ops.workspace import Workspace
from sandbox.engine.project import StackConfig

if TYPE_CHECKING:
    from sandbox.runtime.daemon import SandboxAddress

Kind = Literal["sandbox", "aws"]
_ACCOUNT: Final = "123456789012"
_REGION: Final = "us-east-1"
_TWELVE_DIGITS: Final = re.compile(r"\d{12}")


@dataclass(frozen=True)
class Target:
    """A cloud that is there and answers."""

    kind: Kind
    account_id: str
    region: str
    endpoint_url: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    """What leads any AWS client in a child process there; empty for the ambient credentials."""

    def __str__(self) -> str:
        where = f"the sandbox at {self.endpoint_url}" if self.kind == "sandbox" else "AWS"
        return f"{where}, account {self.account_id}, {self.region}"

    @cached_property
    def _session(self) -> Any:
        import boto3

        if self.kind == "aws":
            return boto3.Session(region_name=self.region)
        return boto3.Session(
            aws_access_key_id=self.variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.variables["AWS_SECRET_ACCESS_KEY"],
            region_name=self.region,
        )

    def client(self, service: str) -> Any:
        """A boto3 client of this cloud."""
        from botocore.config import Config

        config = Config(retries={"mode": "standard", "total_max_attempts": 5})
        if self.kind == "sandbox":
            # A proxy of the user's environment must not stand between this machine and itself.
            config = config.merge(Config(s3={"addressing_style": "path"}, proxies={}))
        return self._session.client(service, endpoint_url=self.endpoint_url, config=config)


class Sandbox:
    """This folder's sandbox, which is started when something first needs it."""

    def __init__(self, workspace: Workspace, stack: str) -> None:
        self._workspace = workspace
        self._stack = stack
        self._lock = threading.Lock()
        self.reached: Target | None = None

    def reach(self) -> Target:
        """The sandbox, ready; started where it was not running."""
        with self._lock:
            if self.reached is None:
                port = None if self._last_known else self._port
                self.reached = _sandbox(
                    self._workspace, self._stack, self._workspace.config(self._stack), port
                )
            return self.reached

    @property
    def variables(self) -> Mapping[str, str]:
        """What leads AWS clients there, whether it runs or not: no client of a run finds a real account."""
        if self.reached is not None:
            return self.reached.variables
        from sandbox.runtime import daemon

        known = self._last_known or daemon.SandboxAddress(
            endpoint_url=f"http://127.0.0.1:{self._port}",
            account_id=_ACCOUNT,
            region=_REGION,
            pid=0,
            root=self._workspace.sandbox_root,
            instance="",
        )
        account = sandbox_account(self._workspace, self._stack)
        return _seen_by(known, account, _region(self._workspace.config(self._stack))).variables

    @cached_property
    def _last_known(self) -> SandboxAddress | None:
        from sandbox.runtime import daemon

        return daemon.last_known(self._workspace.sandbox_root)

    @cached_property
    def _port(self) -> int:
        """A port that is free now, for a sandbox that has never run."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])


def connect_aws(workspace: Workspace, stack: str) -> Target:
    """The real account, checked against the stack's settings."""
    return _aws(stack, workspace.config(stack))


def connect_sandbox(workspace: Workspace, port: int | None = None) -> Target:
    """The sandbox of this folder, started where it was not running, in the account of the first stack."""
    account, region = _home(workspace)
    return _reached(workspace, port, account, region)


def sandbox_account(workspace: Workspace, stack: str) -> str:
    """The account that the stack has in the sandbox: the first that it allows, else the first stack's.

    What is no account of 12 digits is passed over here: the program and the provider tell of it.
    """
    return _first_allowed(workspace.config(stack)) or _home(workspace)[0]


def sandbox_accounts(workspace: Workspace) -> dict[str, list[str]]:
    """The accounts of the sandbox, that of the first stack first, with the stacks of each."""
    found: dict[str, list[str]] = {_home(workspace)[0]: []}
    for stack in workspace.stacks():
        found.setdefault(sandbox_account(workspace, stack), []).append(stack)
    return found


def _sandbox(workspace: Workspace, stack: str, config: StackConfig, port: int | None) -> Target:
    account, region = sandbox_account(workspace, stack), _region(config)
    return _reached(workspace, port, account, region)


def _reached(workspace: Workspace, port: int | None, account: str, region: str) -> Target:
    """The sandbox as that account sees it; a new one has the account of the first stack as its default."""
    from sandbox.runtime import daemon

    before = daemon.last_known(workspace.sandbox_root)
    default, home = _home(workspace)
    address = daemon.start(workspace.sandbox_root, port=port, account_id=default, region=home)
    target = _seen_by(address, account, region)
    if before is not None and before.endpoint_url != address.endpoint_url:
        from ops.webhook import follow_the_sandbox

        for one in sandbox_accounts(workspace):
            seen = _seen_by(address, one, home)
            follow_the_sandbox(seen.client("secretsmanager"), address.endpoint_url)
    return target


def _seen_by(address: SandboxAddress, account: str, region: str) -> Target:
    from sandbox.runtime import daemon

    seen = replace(address, account_id=account, region=region)
    return Target("sandbox", account, region, address.endpoint_url, daemon.environment(seen))


def _home(workspace: Workspace) -> tuple[str, str]:
    """Account and region of the first stack (`dev`, `prod`, `staging`: by name)."""
    configured = workspace.project.configured_stacks()
    if not configured:
        return _ACCOUNT, _REGION
    config = workspace.config(configured[0])
    return _first_allowed(config) or _ACCOUNT, _region(config)


def _region(config: StackConfig) -> str:
    return str(config.values.get("aws:region") or _REGION)


def _first_allowed(config: StackConfig) -> str:
    return next((one for one in allowed_accounts(config) if _TWELVE_DIGITS.fullmatch(one)), "")


def _aws(stack: str, config: StackConfig) -> Target:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    allowed = allowed_accounts(config)
    region = config.values.get("aws:region")
    if not allowed or not region:
        missing = "aws:allowedAccountIds" if not allowed else "aws:region"
        raise UsageError(
            f"--target aws needs {missing} in the settings of the stack '{stack}'",
            "name the account and the region there: no real account is touched by accident",
        )
    try:
        identity = boto3.Session(region_name=str(region)).client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise NoCredentialsError(str(error)) from error
    account = str(identity["Account"])
    if account not in allowed:
        raise AccountNotAllowedError(stack, account, allowed)
    return Target("aws", account, str(region))


def allowed_accounts(config: StackConfig) -> list[str]:
    """`aws:allowedAccountIds` of the stack, as texts."""
    value = config.values.get("aws:allowedAccountIds")
    if isinstance(value, str):
        import json

        try:
            value = json.loads(value)
        except ValueError:
            return [value]
    return [str(account) for account in value] if isinstance(value, list) else []
