"""The command `ml tradeoff`: quality, latency and price of the newest model's forms, and which to take."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ops.cost.prices import prices
from ops.errors import OK, CommandError, NoModelError
from ops.progress import Progress
from ops.registry import APPROVED, PENDING, ModelPackage, packages
from ops.screen import Screen
from ops.session import Session
from ops.tradeoff.frontier import Needs, Option, Variant, frontier, options, recommended
from ops.tradeoff.page import page
from ops.tradeoff.variants import variants


class NothingInTimeError(CommandError):
    """No option answers within what was asked for."""

    def __init__(self, p99_ms: float, quickest: float) -> None:
        super().__init__(
            f"nothing answers within {p99_ms:g} ms: the quickest variant takes {quickest:.2f} ms",
            "ask for more with --p99-ms",
        )


def tradeoff(session: Session, version: int | None, wanted: str, needs: Needs) -> int:
    """`groundplan ml tradeoff`. Raises NothingInTimeError, and what making the variants raises."""
    session.announce()
    outputs = session.outputs()
    progress = Progress(session.screen)
    with progress.step("variants", "make and measure smaller forms of the newest model") as step:
        package = _newest(session, outputs.model_package_group, version)
        made, folder = variants(session, outputs, package, wanted, step)
        step.done(f"{len(made)} forms of {package.name}")
    hourly = {name: price.usd for name, price in prices().instances["sagemaker"].items()}
    found = options(made, hourly, needs)
    best, chosen = frontier(found), recommended(found, needs)
    if chosen is None:
        raise NothingInTimeError(needs.p99_ms, min(one.p99_ms for one in found))
    picture = folder / "tradeoff.html"
    picture.write_text(page(session.stack, package.name, made, found, best, chosen, needs), encoding="utf-8")
    _show(session.screen, made, best, chosen)
    session.screen.line(f"as a picture: {picture.relative_to(session.workspace.folder)}")
    session.screen.document(
        {
            "command": "ml tradeoff",
            "stack": session.stack,
            "modelPackage": package.arn,
            "needs": asdict(needs),
            "variants": [asdict(one) for one in made],
            "frontier": [_option(one) for one in best],
            "recommended": _option(chosen),
            "picture": str(picture),
            "steps": progress.finished,
        }
    )
    return OK


def _newest(session: Session, group: str, version: int | None) -> ModelPackage:
    for one in packages(session, group):
        if one.version == version or (version is None and one.approval in (APPROVED, PENDING)):
            return one
    what = "package" if version is None else f"version {version}"
    raise NoModelError(group, what, f"train one: groundplan train {session.stack}")


def _option(one: Option) -> dict[str, Any]:
    return {
        "variant": one.variant.name,
        "instance": one.instance,
        "machines": one.machines,
        "prAuc": one.variant.pr_auc,
        "p99Ms": round(one.p99_ms, 3),
        "requestsASecond": round(one.capacity),
        "monthlyUsd": round(one.monthly_usd, 2),
        "usdPerMillion": round(one.usd_per_million, 4),
    }


def _show(screen: Screen, made: list[Variant], best: list[Option], chosen: Option) -> None:
    screen.line()
    screen.line(
        screen.paint(f"{'variant':<11}{'PR-AUC':>8}{'Brier':>8}{'size':>10}{'one row':>9}  judged", "bold")
    )
    for one in made:
        screen.line(
            f"{one.name:<11}{one.pr_auc:>8.4f}{one.brier:>8.4f}{one.bytes / 1000:>7,.0f} kB"
            f"{one.one_row_ms * 1000:>6.0f} us  {one.why_not or 'accepted'}"
        )
    screen.line()
    heads = f"{'frontier':<11}{'machines':>20}{'PR-AUC':>8}{'p99':>9}{'requests/s':>12}{'USD/month':>11}"
    heads += f"{'USD/million':>13}"
    screen.line(screen.paint(heads, "bold"))
    for option in best:
        mark = "  recommended" if option is chosen else ""
        machines = f"{option.machines} x {option.instance}"
        screen.line(
            f"{option.variant.name:<11}{machines:>20}{option.variant.pr_auc:>8.4f}{option.p99_ms:>6.2f} ms"
            f"{option.capacity:>12,.0f}{option.monthly_usd:>11,.2f}{option.usd_per_million:>13.4f}"
            f"{screen.paint(mark, 'bold')}"
        )
    screen.line()
