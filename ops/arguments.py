"""What can be typed after `groundplan`: the commands, their arguments and their help."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

_EPILOG: Final = """\
Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
Every command takes --json: one JSON document on stdout, progress on stderr.
The guide with an example for each command: docs/command.md"""


def parser() -> argparse.ArgumentParser:
    """The whole command line. `command` holds the name, for `sandbox` with `action` beside it."""
    root = argparse.ArgumentParser(
        prog="groundplan",
        description="A machine-learning platform on AWS, which also runs whole on a laptop.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    # A name of its own: `deploy --version 2` speaks of a model.
    root.add_argument("--version", dest="own_version", action="store_true", help="print the version and end")
    root.add_argument(
        "-C",
        "--cwd",
        "--folder",
        dest="folder",
        type=Path,
        metavar="DIR",
        help="work on the project in this folder, which may be any Pulumi program in Python",
    )
    root.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="keep the states there, not in the project: for projects that refer to each other's stacks",
    )
    commands = root.add_subparsers(dest="command", metavar="COMMAND")
    _stack_commands(commands)
    _model_commands(commands)
    _other_commands(commands)
    return root


_Commands = argparse._SubParsersAction  # the class has no public name


def _add(
    commands: _Commands[argparse.ArgumentParser], name: str, what: str, *, stack: bool = True
) -> argparse.ArgumentParser:
    one = commands.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
    if stack:
        one.add_argument("stack", help="the stack's name, such as dev")
        one.add_argument(
            "--target",
            choices=("sandbox", "aws"),
            default="sandbox",
            help="the cloud: this folder's sandbox (default), or the real account that the settings allow",
        )
    one.add_argument("--json", action="store_true", dest="as_json", help="one JSON document on stdout")
    return one


def _stack_commands(commands: _Commands[argparse.ArgumentParser]) -> None:
    start = _add(
        commands, "start", "all of it: sandbox, platform, data, training, release, check and a prediction"
    )
    _engine(start)
    _sources(start)
    for name, what in (
        ("up", "bring the stack up as the program and its settings say"),
        ("preview", "show what an up would change"),
        ("refresh", "take what the cloud really has into the state"),
        ("destroy", "delete everything that the stack made, and count what remains"),
    ):
        one = _add(commands, name, what)
        _engine(one)
        one.add_argument(
            "--only",
            action="append",
            default=[],
            metavar="URN",
            help="run this resource alone; * matches; repeatable",
        )
        one.add_argument(
            "--exclude",
            action="append",
            default=[],
            metavar="URN",
            help="leave this resource as it is; * matches; repeatable; not beside --only",
        )
        one.add_argument(
            "--dependents",
            action="store_true",
            help="with --only or --exclude: what depends on these resources too",
        )
        if name in ("up", "preview"):
            one.add_argument(
                "--replace",
                action="append",
                default=[],
                metavar="URN",
                help="replace this resource, changed or not; * matches; repeatable",
            )
            one.add_argument("--refresh", action="store_true", help="refresh the state first")
        if name in ("up", "destroy"):
            one.add_argument(
                "--continue-on-error",
                action="store_true",
                help="let a failed resource stop only what depends on it",
            )
        one.add_argument("--diff", action="store_true", help="show the properties of every changed resource")
        if name in ("up", "preview"):
            _policies(one)
            one.add_argument(
                "--new", action="store_true", help="make the stack, though the project has settings of others"
            )
            one.add_argument(
                "-c",
                "--config",
                action="append",
                default=[],
                type=_pair,
                metavar="KEY=VALUE",
                help="set this in the stack's file first; repeatable",
            )
            one.add_argument(
                "--config-path",
                action="store_true",
                help="each KEY of -c is a path, such as network.zones[0]",
            )
        if name in ("up", "preview", "refresh"):
            one.add_argument(
                "--expect-no-changes", action="store_true", help="fail where anything would change"
            )
        if name != "preview":
            one.add_argument("-y", "--yes", action="store_true", help="do not ask first")
    _import(commands)
    state = _add(commands, "state", "list what the state holds, or edit it; the cloud stays as it is")
    state.add_argument("verb", choices=("list", "unprotect", "delete"), help="what to do")
    state.add_argument("urn", nargs="?", help="the resource to unprotect, or to delete from the state")
    _engine(state)
    outputs = _add(commands, "outputs", "print the stack's outputs")
    outputs.add_argument("name", nargs="?", help="one output; its value alone is printed")
    outputs.add_argument("--show-secrets", action="store_true", help="print secret values too")
    _engine(outputs)
    _config(commands)
    cost = _add(commands, "cost", "estimate what the stack costs a month, line by line")
    cost.add_argument("--preview", action="store_true", help="of what an up would make, not of the state")
    cost.add_argument("--usage", type=Path, metavar="FILE", help="add use: YAML, a price's id and its units")
    cost.add_argument(
        "--parked",
        action=argparse.BooleanOptionalAction,
        help="with the endpoint parked; by default as the stack's settings say",
    )
    cost.add_argument(
        "--limit", type=_amount, metavar="USD", help="fail where the month costs more US dollars than this"
    )
    _engine(cost)
    graph = _add(commands, "graph", "draw the stack's components, and what each needs of the others")
    graph.add_argument("--preview", action="store_true", help="of what an up would make, not of the state")
    graph.add_argument("--component", metavar="NAME", help="the resources of this component")
    graph.add_argument("--format", choices=("mermaid", "dot", "json"), default="mermaid", help="(mermaid)")
    _engine(graph)
    settings = commands.add_parser(
        "settings",
        help="every setting of a stack with its value, and where it came from",
        description="Every setting of a stack with its value, and where it came from.",
    )
    settings.add_argument("stack", help="the stack's name, such as dev")
    settings.add_argument("prefix", nargs="?", default="", help="a setting or a block, such as network")
    settings.add_argument("--changed", action="store_true", help="only what differs from the defaults")
    settings.add_argument("--json", action="store_true", dest="as_json", help="one JSON document on stdout")
    unlock = _add(commands, "unlock", "take away the lock of a run that has died on another machine")
    _engine(unlock)


def _import(commands: _Commands[argparse.ArgumentParser]) -> None:
    one = _add(commands, "import", "take a resource that exists already into the state, and print its code")
    one.add_argument("type", nargs="?", help="its type, such as aws:s3/bucket:Bucket")
    one.add_argument("name", nargs="?", help="the name that it gets in the program")
    one.add_argument("id", nargs="?", help="the id that its cloud knows it by")
    one.add_argument("--file", type=Path, metavar="FILE", help="many of them, as pulumi import --file takes")
    one.add_argument("--parent", default="", metavar="URN", help="its parent, a URN or a name in the state")
    one.add_argument("--provider", default="", metavar="URN", help="its provider, by default the package's")
    one.add_argument(
        "--no-protect",
        dest="protect",
        action="store_false",
        help="do not protect it from deletion, as an import otherwise does",
    )
    one.add_argument("--out", type=Path, metavar="FILE", help="write the code to this file")
    _engine(one)


def _config(commands: _Commands[argparse.ArgumentParser]) -> None:
    config = commands.add_parser(
        "config",
        help="a stack's settings: list them, get, set or rm one",
        description="A stack's settings, in its Pulumi.STACK.yaml as the official CLI writes it.",
    )
    config.add_argument("stack", help="the stack's name, such as dev")
    config.add_argument("--json", action="store_true", dest="as_json", help="one JSON document on stdout")
    config.add_argument("--show-secrets", action="store_true", help="print secret values too")
    actions = config.add_subparsers(dest="action", metavar="ACTION")
    get = _setting(actions, "get", "print one setting")
    change = _setting(actions, "set", "write one setting")
    change.add_argument("value", nargs="?", help="its value; read from standard input where it is left out")
    change.add_argument("--secret", action="store_true", help="encrypt the value")
    change.add_argument("--new", action="store_true", help="begin a stack, though the project has others")
    remove = _setting(actions, "rm", "remove one setting")
    for one in (get, change, remove):
        one.add_argument("--path", action="store_true", help="the key is a path, such as network.zones[0]")


def _setting(actions: _Commands[argparse.ArgumentParser], name: str, what: str) -> argparse.ArgumentParser:
    one = actions.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
    one.add_argument("key", help="the setting; without a namespace it is the project's own")
    # With the default of the outer parser an option before the action would be lost.
    one.add_argument(
        "--json",
        action="store_true",
        dest="as_json",
        default=argparse.SUPPRESS,
        help="one JSON document on stdout",
    )
    return one


def _sources(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--sources", type=Path, metavar="DIR", help="source files of your own, in place of the use case's"
    )


def _policies(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--policy-pack",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="judge by the policy pack in this folder; repeatable",
    )
    one.add_argument(
        "--policy-pack-config",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="the configuration (JSON) of the pack of the corresponding --policy-pack; one for each, or none",
    )


def _engine(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--engine",
        choices=("embedded", "pulumi"),
        help="embedded (default, for the sandbox) or the official CLI from PATH (default for --target aws)",
    )
    one.add_argument("--parallel", type=_positive, default=16, metavar="N", help="resources at once (16)")


def _model_commands(commands: _Commands[argparse.ArgumentParser]) -> None:
    train = _add(
        commands, "train", "upload the sources and run the training pipeline, where anything changed"
    )
    train.add_argument(
        "-p",
        "--parameter",
        action="append",
        default=[],
        type=_pair,
        metavar="NAME=VALUE",
        help="a parameter of the pipeline; repeatable",
    )
    _sources(train)
    train.add_argument("--again", action="store_true", help="train though nothing has changed")
    approve = _add(commands, "approve", "approve the newest model package that waits, with its metrics shown")
    approve.add_argument("--version", type=_positive, metavar="N", help="this version of the group")
    approve.add_argument("--reason", default="", help="why; kept on the package")
    approve.add_argument("--reject", action="store_true", help="reject it instead")
    deploy = _add(commands, "deploy", "release the newest approved model package to the endpoint")
    deploy.add_argument("--version", type=_positive, metavar="N", help="this version of the group")
    _engine(deploy)
    deploy.add_argument("-y", "--yes", action="store_true", help="do not ask first")
    _add(commands, "verify", "compare the live endpoint with what the program intends")
    predict = _add(commands, "predict", "ask the endpoint about one real example")
    choice = predict.add_mutually_exclusive_group()
    choice.add_argument("--flight", type=_positive, metavar="N", help="the N-th example (1)")
    choice.add_argument("--risk", choices=("high", "low"), help="the example of the highest or lowest risk")
    _experiment_commands(commands)
    ml = commands.add_parser("ml", help="the model itself", description="The model itself.")
    actions = ml.add_subparsers(dest="action", metavar="ACTION", required=True)
    tradeoff = _add(actions, "tradeoff", "compare quality, latency and price of its variants and of machines")
    tradeoff.add_argument("--version", type=_positive, metavar="N", help="this version (the newest)")
    tradeoff.add_argument(
        "--variants",
        default="pruned,distilled",
        metavar="LIST",
        help="of pruned, distilled, network, int8 (pruned,distilled; a network takes minutes to teach)",
    )
    tradeoff.add_argument(
        "--rate", type=_above_zero, default=100.0, metavar="N", help="requests a second at the peak (100)"
    )
    tradeoff.add_argument(
        "--p99-ms",
        type=_above_zero,
        default=10.0,
        metavar="MS",
        help="what 99 of 100 answers stay within (10)",
    )
    tradeoff.add_argument(
        "--machines", type=_positive, default=2, metavar="N", help="machines at least, one a zone (2)"
    )
    demo = commands.add_parser("demo", help="see it work", description="See it work.")
    shows = demo.add_subparsers(dest="action", metavar="ACTION", required=True)
    one = _add(
        shows,
        "loop",
        "real days streamed in, predictions, outcomes, drift, retraining, shadow, A/B test, promotion",
        stack=False,
    )
    one.add_argument("stack", nargs="?", default="dev", help="the stack's name (dev)")
    one.add_argument(
        "--speed",
        type=_above_zero,
        default=1000.0,
        metavar="N",
        help="times as fast as the first day was (1000)",
    )
    one.add_argument(
        "--trial-days", type=_positive, default=10, metavar="N", help="days of the A/B test at most (10)"
    )
    _engine(one)
    logs = _add(commands, "logs", "list the newest jobs, or print the log of one")
    logs.add_argument("job", nargs="?", help="a step (Train), a job, the endpoint or a function")
    logs.add_argument("-n", "--lines", type=_positive, default=200, metavar="N", help="lines at most (200)")


def _experiment_commands(commands: _Commands[argparse.ArgumentParser]) -> None:
    experiment = commands.add_parser(
        "experiment",
        help="measure a challenger against the champion",
        description="Measure a challenger against the champion.",
    )
    actions = experiment.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, what, percent in (
        ("shadow", "let a challenger hear the requests, and answer nobody", 100),
        ("ab", "let a challenger answer a share of the requests", 50),
    ):
        one = _add(actions, name, what)
        one.add_argument("--version", type=_positive, metavar="N", help="this version (the newest approved)")
        one.add_argument(
            "--percent", type=_percent, default=percent, metavar="N", help=f"of the requests ({percent})"
        )
        _engine(one)
        one.add_argument("-y", "--yes", action="store_true", help="do not ask first")
    _all_requests(_add(actions, "judge", "hold what the variants said against what became of it"))
    for name, what in (
        ("promote", "put the challenger in the champion's place, where the A/B test says so"),
        ("end", "take the challenger away"),
    ):
        one = _add(actions, name, what)
        if name == "promote":
            _all_requests(one)
        _engine(one)
        one.add_argument("-y", "--yes", action="store_true", help="do not ask first")


def _all_requests(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--all-requests",
        action="store_true",
        help="count requests on which both act alike too, as where people see the probability itself",
    )


def _other_commands(commands: _Commands[argparse.ArgumentParser]) -> None:
    _add(commands, "doctor", "check this machine: Python, packages, port, disk, state, sandbox", stack=False)
    sandbox = commands.add_parser(
        "sandbox", help="the emulated cloud of this folder", description="The emulated cloud of this folder."
    )
    actions = sandbox.add_subparsers(dest="action", metavar="ACTION", required=True)
    start = _add(actions, "start", "start it, unless it runs", stack=False)
    start.add_argument("--port", type=_port, help="a port of 127.0.0.1; a free one is chosen otherwise")
    _add(actions, "stop", "stop it; everything stays for the next start", stack=False)
    _add(actions, "status", "where it runs and what it holds", stack=False)
    types = _add(actions, "types", "the resource types that it knows, with their tier", stack=False)
    types.add_argument("filter", nargs="?", default="", help="part of a type, such as s3")
    spend = _add(
        actions, "spend", "make this month cost that much; budgets alert as AWS Budgets does", stack=False
    )
    spend.add_argument("amount", type=_amount, help="US dollars")
    spend.add_argument("--stack", help="in this stack's account (the first stack's)")
    anomaly = _add(
        actions, "anomaly", "have a service cost more than expected; anomaly monitors tell of it", stack=False
    )
    anomaly.add_argument("amount", type=_amount, help="US dollars above what was expected")
    anomaly.add_argument("--expected", type=_amount, default=100.0, metavar="USD", help="what was (100)")
    anomaly.add_argument("--service", default="Amazon SageMaker", help="whose cost it is (Amazon SageMaker)")
    anomaly.add_argument("--stack", help="in this stack's account (the first stack's)")
    channel = _add(actions, "channel", "the messages of the team's chat channel", stack=False)
    channel.add_argument("--stack", help="of this stack alone")
    fault = _add(
        actions,
        "fault",
        "ask for a fault; without a name, list the faults and what each strikes",
        stack=False,
    )
    fault.add_argument("name", nargs="?", default="", help="the fault")
    fault.add_argument("on", nargs="?", default="", help="what it strikes, or * for whatever comes next")
    fault.add_argument("--times", type=_positive, default=1, metavar="N", help="how often (1)")
    fire = _add(
        actions,
        "fire",
        "fire a scheduled rule or a schedule now; without a name, list them with their next times",
        stack=False,
    )
    fire.add_argument("name", nargs="?", default="", help="the rule or the schedule, by its name or ARN")
    reset = _add(
        actions, "reset", "empty the emulated cloud, and the state of the sandboxed stacks", stack=False
    )
    reset.add_argument("-y", "--yes", action="store_true", help="do not ask first")


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 1 on")
    return number


def _port(text: str) -> int:
    number = _positive(text)
    if number > 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port; ports go from 1 to 65535")
    return number


def _above_zero(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e12:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number above 0")
    return number


def _percent(text: str) -> int:
    number = int(text) if text.isdigit() else 0
    if not 1 <= number <= 100:
        raise argparse.ArgumentTypeError(f"'{text}' is not a percentage from 1 to 100")
    return number


def _amount(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e12:
        raise argparse.ArgumentTypeError(f"'{text}' is not an amount of dollars from 0 on")
    return number


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=VALUE")
    return name, value
