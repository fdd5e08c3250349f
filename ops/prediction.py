"""A prediction: one real example put to the endpoint, and the answer as a person would say it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from ops.asking import Endpoint
from ops.errors import OK, NoExamplesError
from ops.executions import executions, parameters, steps
from ops.outputs import StackOutputs
from ops.progress import Progress, Step
from ops.registry import package
from ops.session import Session

Risk = Literal["high", "low"]
_STEP: Final = "Prepare"
_OUTPUT: Final = "examples"
_FILE: Final = "examples.jsonl"


@dataclass(frozen=True)
class Example:
    """One real case: the features that the endpoint gets, how a person would say it, what came of it."""

    number: int
    request: Mapping[str, Any]
    shown: str
    outcome: str
    event: str = ""
    """What the probability is of, such as `arriving an hour late`."""


@dataclass(frozen=True)
class Prediction:
    """The endpoint's answer to one example. `seconds` is the whole call, as a client sees it."""

    example: Example
    probability: float
    seconds: float
    variant: str

    def document(self) -> dict[str, Any]:
        """In JSON's terms."""
        return {
            "example": self.example.number,
            "shown": self.example.shown,
            "event": self.example.event,
            "request": dict(self.example.request),
            "probability": self.probability,
            "outcome": self.example.outcome,
            "variant": self.variant,
            "milliseconds": round(self.seconds * 1000, 2),
        }


def predict(session: Session, *, number: int | None, risk: str | None) -> int:
    """`groundplan predict`."""
    session.announce()
    outputs = session.outputs()
    progress = Progress(session.screen)
    wanted: Risk | None = "high" if risk == "high" else "low" if risk == "low" else None
    with progress.step("predict", "ask the endpoint about one real example") as step:
        answer = ask(session, outputs, step, number=number, risk=wanted)
    session.screen.document({"command": "predict", "stack": session.stack, **answer.document()})
    return OK


def ask(
    session: Session,
    outputs: StackOutputs,
    step: Step,
    *,
    number: int | None = None,
    risk: Risk | None = None,
) -> Prediction:
    """Asks the endpoint about an example: the `number`-th (from 1), or that of the highest or lowest risk."""
    name, intended = outputs.released
    found = examples(session, outputs, intended.model_package_arn)
    endpoint = Endpoint(session, outputs)
    if risk is not None:
        scores = endpoint.ask([one.request for one in found]).scores
        pick = max if risk == "high" else min
        chosen = found[pick(range(len(found)), key=lambda at: scores[at])]
    else:
        if number is not None and number > len(found):
            raise NoExamplesError(f"there is no example {number}", f"examples go from 1 to {len(found)}")
        chosen = found[(number or 1) - 1]
    asked = endpoint.ask([chosen.request])
    answer = Prediction(chosen, asked.scores[0], asked.seconds, asked.variant)
    for line in told(answer):
        step.note(line)
    step.done(f"{name} answered in {answer.seconds * 1000:.1f} ms")
    return answer


def told(answer: Prediction) -> list[str]:
    """The prediction as a person would say it, and what really happened."""
    of = f" of {answer.example.event}" if answer.example.event else ""
    return [
        answer.example.shown,
        f"probability{of}: {percent(answer.probability)}, {odds(answer.probability)}",
        f"what really happened: {answer.example.outcome}",
    ]


def percent(probability: float) -> str:
    """`31 %`; small ones keep a digit, and nothing is said to be certain."""
    value = probability * 100
    if value < 0.1:
        return "under 0.1 %"
    if value > 99.9:
        return "over 99.9 %"
    return f"{value:.1f} %" if value < 9.95 or value > 99 else f"{value:.0f} %"


def odds(probability: float) -> str:
    """A probability in words: `about 1 in 3`, `about 4 in 5`."""
    if probability < 0.005:
        return "less than 1 in 200"
    if probability > 0.995:
        return "almost certain"
    if probability <= 0.5:
        return f"about 1 in {round(1 / probability)}"
    best = min(
        ((top, bottom) for bottom in (2, 3, 4, 5, 10, 20) for top in range(1, bottom)),
        key=lambda pair: (round(abs(pair[0] / pair[1] - probability), 2), pair[1]),
    )
    return f"about {best[0]} in {best[1]}"


def examples(session: Session, outputs: StackOutputs, model_package_arn: str) -> list[Example]:
    """The examples that the run which made this model package has left beside its data."""
    inputs = package(session, model_package_arn).inputs
    where = _examples_uri(session, outputs.pipeline, inputs)
    if where is None:
        raise NoExamplesError(
            f"no execution of {outputs.pipeline} has left examples for {model_package_arn}",
            f"train again, which writes them: groundplan train {session.stack} --again",
        )
    place = urlsplit(where)
    key = f"{place.path.strip('/')}/{_FILE}"
    body = session.client("s3").get_object(Bucket=place.netloc, Key=key)["Body"].read().decode("utf-8")
    found = []
    for number, line in enumerate((line for line in body.splitlines() if line.strip()), start=1):
        try:
            plain = json.loads(line)
            found.append(
                Example(
                    number=number,
                    request=plain["request"],
                    shown=str(plain["shown"]),
                    outcome=str(plain["outcome"]),
                    event=str(plain.get("event", "")),
                )
            )
        except (ValueError, KeyError, TypeError) as error:
            raise NoExamplesError(
                f"line {number} of s3://{place.netloc}/{key} is no example: {error!r}",
                "the form is in docs/architecture.md, The use case and the command",
            ) from error
    if not found:
        raise NoExamplesError(f"s3://{place.netloc}/{key} is empty", "the prepare job writes it")
    return found


def _examples_uri(session: Session, pipeline: str, inputs: str) -> str | None:
    """Where the Prepare step of an execution of these inputs has put its examples."""
    for one in executions(session, pipeline):
        if one.status != "Succeeded" or parameters(session, one.arn).get("InputsFingerprint") != inputs:
            continue
        for step in steps(session, one.arn):
            if step.name == _STEP and step.kind == "ProcessingJob" and step.job:
                job = session.client("sagemaker").describe_processing_job(ProcessingJobName=step.job_name)
                for output in job["ProcessingOutputConfig"]["Outputs"]:
                    if output["OutputName"] == _OUTPUT:
                        return str(output["S3Output"]["S3Uri"])
    return None
