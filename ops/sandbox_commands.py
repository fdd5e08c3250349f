"""The commands on the sandbox itself: start, stop, status, types, spend, anomaly, channel, fault, fire,
reset."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

from ops.channel import message_lines
from ops.destroying import confirm
from ops.errors import FAILED, OK, UsageError
from ops.properties import written
from ops.screen import Screen, counted
from ops.target import Target, connect_sandbox, sandbox_account, sandbox_accounts
from ops.workspace import Workspace
from sandbox.runtime import daemon
from sandbox.runtime.client import SandboxClient
from sandbox.runtime.host.clients import access_key_for


def start(workspace: Workspace, screen: Screen, port: int | None) -> int:
    """`groundplan sandbox start`."""
    target = connect_sandbox(workspace, port)
    screen.line(f"The sandbox runs at {target.endpoint_url}, account {target.account_id}, {target.region}.")
    variables = " ".join(f"{name}={value}" for name, value in sorted(target.variables.items()))
    screen.line(f"Any AWS client reaches it with: {variables}")
    accounts = sandbox_accounts(workspace)
    for account, stacks in accounts.items():
        if account != target.account_id:
            key = access_key_for(account)
            screen.line(f"AWS_ACCESS_KEY_ID={key} is account {account}, of {', '.join(stacks)}.")
    screen.document(
        {
            "endpoint": target.endpoint_url,
            "account": target.account_id,
            "region": target.region,
            "environment": dict(target.variables),
            "accounts": accounts,
        }
    )
    return OK


def stop(workspace: Workspace, screen: Screen) -> int:
    """`groundplan sandbox stop`."""
    stopped = daemon.stop(workspace.sandbox_root)
    screen.line("The sandbox is stopped; everything stays." if stopped else "No sandbox was running.")
    screen.document({"stopped": stopped})
    return OK


def status(workspace: Workspace, screen: Screen) -> int:
    """`groundplan sandbox status`: exit status 1 where none runs."""
    address = daemon.find(workspace.sandbox_root)
    if address is None:
        screen.line("No sandbox is running here. Start it: groundplan sandbox start")
        screen.document({"running": False})
        return FAILED
    client = SandboxClient(address.endpoint_url)
    figures = client.status()
    held = client.remaining()
    services = Counter(one.service for one in held.remaining)
    by_account: dict[str, Counter[str]] = {}
    for one in held.remaining:
        by_account.setdefault(one.account, Counter())[one.service] += 1
    screen.line(
        f"The sandbox runs at {address.endpoint_url}, account {address.account_id}, {address.region}."
    )
    stacks = sandbox_accounts(workspace)
    if not by_account:
        screen.line("It holds 0 resources.")
    for account, found in sorted(by_account.items()):
        of = f", of {', '.join(stacks[account])}" if stacks.get(account) else ""
        where = f" in account {account}{of}" if len(by_account) > 1 or account != address.account_id else ""
        screen.line(f"It holds {counted(found.total(), 'resource')}{where}:")
        for service, number in sorted(found.items()):
            screen.line(f"  {service:<24} {number:>4}")
    for name, value in sorted(figures.items()):
        if name not in ("ready", "services", "accountId", "region", "root"):
            screen.line(f"  {name:<24} {written(value)}")
    accounts = {account: dict(found) for account, found in by_account.items()}
    screen.document({"running": True, **figures, "resources": dict(services), "accounts": accounts})
    return OK


def types(screen: Screen, part: str) -> int:
    """`groundplan sandbox types`."""
    from sandbox.aws.provider import types as known

    found = [one for one in known() if part.lower() in one.token.lower()]
    for one in found:
        screen.line(f"{one.token:<72} {one.tier}")
    tiers = Counter(one.tier for one in found)
    screen.line(
        f"{counted(len(found), 'type')}: " + ", ".join(f"{n} {tier}" for tier, n in sorted(tiers.items()))
    )
    screen.document([{"type": one.token, "service": one.service, "tier": one.tier} for one in found])
    return OK


def spend(workspace: Workspace, screen: Screen, amount: float, stack: str | None) -> int:
    """`groundplan sandbox spend`: the account of one stack, by default that of the first."""
    target = connect_sandbox(workspace)
    account = _account_of(workspace, target, stack)
    fired = _client(target).spend(amount, account)
    screen.line(f"This month has now cost ${amount:,.2f} in the sandbox's account {account}.")
    for one in fired:
        how = "sent" if one.delivered else f"not delivered: {one.reason}"
        screen.line(f"  {one.budget}: {one.kind.lower()} cost above ${one.threshold:,.2f}, {how}")
    if not fired:
        screen.line("  No budget's threshold was newly crossed.")
    else:
        screen.line("The team sees it in: groundplan sandbox channel")
    screen.document({"account": account, "amount": amount, "fired": [asdict(one) for one in fired]})
    return OK


def anomaly(
    workspace: Workspace, screen: Screen, amount: float, *, expected: float, service: str, stack: str | None
) -> int:
    """`groundplan sandbox anomaly`: in the account of one stack, by default that of the first."""
    target = connect_sandbox(workspace)
    account = _account_of(workspace, target, stack)
    told = _client(target).anomaly(amount, expected=expected, service=service, account=account)
    screen.line(f"{service} has cost ${amount:,.2f} more than the ${expected:,.2f} that were expected.")
    for one in told:
        screen.line(f"  {one.subscription}: {'sent' if one.delivered else f'not delivered: {one.reason}'}")
    if not told:
        screen.line("  No subscription with a topic has a threshold as low as that.")
    else:
        screen.line("The team sees it in: groundplan sandbox channel")
    screen.document(
        {
            "account": account,
            "amount": amount,
            "expected": expected,
            "told": [asdict(one) for one in told],
        }
    )
    return OK


def _account_of(workspace: Workspace, target: Target, stack: str | None) -> str:
    """The account of a stack, which must be one of the project's; without one that of the first."""
    if stack is None:
        return target.account_id
    workspace.require(stack)
    return sandbox_account(workspace, stack)


def channel(workspace: Workspace, screen: Screen, stack: str | None) -> int:
    """`groundplan sandbox channel`: of every stack, or of one, whose channel has its name."""
    if stack is not None:
        workspace.require(stack)
    messages = _client(connect_sandbox(workspace)).channel()
    if stack is not None:
        messages = tuple(one for one in messages if one.channel in (stack, f"{stack}-teams"))
    for message in messages:
        for line in message_lines(message, screen):
            screen.line(line)
    if not messages:
        screen.line("The channel is empty.")
    screen.document([asdict(message) for message in messages])
    return OK


def faults(workspace: Workspace, screen: Screen) -> int:
    """`groundplan sandbox fault`, without a name."""
    known, waiting = _client(connect_sandbox(workspace)).faults()
    width = max(len(kind.name) for kind in known)
    for kind in known:
        screen.line(f"{kind.name:<{width}}  {kind.effect}")
        screen.line(f"{'':<{width}}  strikes: {kind.target}")
    for one in waiting:
        screen.line(f"waiting: {one.name} on {one.target}, {counted(one.left, 'time')}")
    screen.document({"known": [asdict(kind) for kind in known], "waiting": [asdict(one) for one in waiting]})
    return OK


def fault(workspace: Workspace, screen: Screen, name: str, target: str, times: int) -> int:
    """`groundplan sandbox fault NAME TARGET`."""
    if not target:
        raise UsageError(
            f"what is {name} to strike?", "groundplan sandbox fault lists the faults and what each strikes"
        )
    _client(connect_sandbox(workspace)).fault(name, target, times)
    screen.line(f"{name} will strike {target}" + (f" {times} times." if times > 1 else "."))
    screen.document({"fault": name, "target": target, "times": times})
    return OK


def fire(workspace: Workspace, screen: Screen, name: str) -> int:
    """`groundplan sandbox fire`: one by its name, or the list of what could be fired."""
    client = _client(connect_sandbox(workspace))
    if not name:
        listed = client.schedules()
        for timer in listed:
            screen.line(f"{timer.name}  {timer.expression}, next at {timer.next or 'no time'}")
        if not listed:
            screen.line("Nothing fires by the clock.")
        screen.document([asdict(timer) for timer in listed])
        return OK
    fired = client.fire(name)
    for one in fired:
        screen.line(f"{one.arn} fires at {', '.join(one.targets) or 'no target'}.")
    screen.document({"fired": [asdict(one) for one in fired]})
    return OK


def reset(workspace: Workspace, screen: Screen, *, assume_yes: bool) -> int:
    """`groundplan sandbox reset`: the cloud, and the states that speak of it."""
    stacks = workspace.backend.stacks(workspace.project.name)
    if not assume_yes:
        confirm(screen, "Type 'reset' to empty the emulated cloud: ", "reset")
    _client(connect_sandbox(workspace)).reset()
    for stack in stacks:
        workspace.backend.remove(workspace.project.name, stack)
        workspace.releases.put(stack, None)
    what = f", and the state of {', '.join(stacks)} with it" if stacks else ""
    screen.line(f"The emulated cloud is empty{what}.")
    screen.document({"reset": True, "stacks": stacks})
    return OK


def _client(target: Target) -> SandboxClient:
    assert target.endpoint_url is not None, "a sandbox has an address"  # noqa: S101
    return SandboxClient(target.endpoint_url)
