"""Parking: is the stack's endpoint parked, and how does an `up` bring it back?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from ops.errors import CommandError, StackNotUpError
from ops.runs import Action, RunOptions

if TYPE_CHECKING:
    from ops.session import Session

RETURNING: Final = ("**aws:sagemaker/endpoint:Endpoint::**", "**aws:appautoscaling/**")
"""What a parked endpoint has taken with it: the URNs that a refresh looks at."""
_GONE: Final = "Could not find endpoint"


class ParkedError(CommandError):
    """The endpoint is parked: nobody has asked it for hours, or the working day is over."""

    def __init__(self, stack: str, endpoint: str, when: str) -> None:
        super().__init__(
            f"the endpoint '{endpoint}' is parked{when}", f"bring it back: groundplan up {stack}"
        )


class EndpointGoneError(CommandError):
    """The state knows an endpoint that the cloud has not got."""

    def __init__(self, stack: str, endpoint: str) -> None:
        super().__init__(
            f"the endpoint '{endpoint}' is not there, though the stack '{stack}' has it",
            f"bring state and cloud together: groundplan refresh {stack}, then groundplan up {stack}",
        )


def describe(session: Session, endpoint: str) -> Mapping[str, Any] | None:
    """The live endpoint; None where there is none."""
    from botocore.exceptions import ClientError

    try:
        found: Mapping[str, Any] = session.client("sagemaker").describe_endpoint(EndpointName=endpoint)
    except ClientError as refused:
        if _GONE in refused.response["Error"]["Message"]:
            return None
        raise
    return found


def gone(session: Session, endpoint: str) -> CommandError:
    """Why the endpoint is not there, as far as can be told."""
    parking = _parking(session)
    if parking is None or parking.get("endpoint") != endpoint:
        return EndpointGoneError(session.stack, endpoint)
    return ParkedError(session.stack, endpoint, _when(session, parking))


def bring_back(session: Session, action: Action, options: RunOptions) -> None:
    """Before an `up`: where the endpoint is parked, the state learns it, so that the run makes it anew.

    Asks the cloud only for a stack that parks. A partial run, or one that refreshes by itself, is left alone.
    """
    if action not in ("up", "preview") or options.partial or options.refresh:
        return
    parking = _parking(session)
    if parking is None or describe(session, str(parking["endpoint"])) is not None:
        return
    name, when = parking["endpoint"], _when(session, parking)
    if action == "preview":
        session.screen.line(
            f"The endpoint {name} is parked{when}: groundplan up {session.stack} brings it back."
        )
        return
    session.screen.line(f"The endpoint {name} is parked{when}; bringing it back.")
    session.refresh_quietly(RETURNING)


def _parking(session: Session) -> Mapping[str, Any] | None:
    from sandbox.engine.errors import UnknownStack

    try:
        found = session.plain_outputs().get("parking")
    except (StackNotUpError, UnknownStack):
        return None  # nothing of it has been up
    return found if isinstance(found, Mapping) and found.get("endpoint") else None


def _when(session: Session, parking: Mapping[str, Any]) -> str:
    """` since <time> (<why>)` by the function's own log; empty where it does not tell."""
    from botocore.exceptions import ClientError

    try:
        answer = session.client("logs").filter_log_events(
            logGroupName=f"/aws/lambda/{parking.get('function')}", filterPattern="deregistered"
        )
    except ClientError:
        return ""
    for event in sorted(answer.get("events", []), key=lambda one: one["timestamp"], reverse=True):
        try:
            told = json.loads(event["message"])
        except ValueError:
            continue
        if isinstance(told, dict) and told.get("parked") == parking["endpoint"]:
            return f" since {told['at']} ({told['why']})"
    return ""
