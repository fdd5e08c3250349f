"""How are features put, models asked and dead letters kept on AWS? By boto3, several at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from ml.streaming.groups import Group
from ml.streaming.outputs import Answer, Question, Record, Refusal

_MOST_ARCHIVED = 400
"""Records that Firehose is handed at a time: 500 at most, 4 MiB together (API reference, PutRecordBatch)."""
_MOST_IDENTIFIERS = 100
"""Records that BatchGetRecord reads at a time (API reference)."""
_REFUSES = frozenset({"ValidationError", "ValidationException"})
_TOLD = ("Late", "TooLate", "Unasked", "SetApart")
"""What becomes a metric, where there is any; the rest stands in the log."""

_Given = TypeVar("_Given")
_Got = TypeVar("_Got")


class NotArchivedError(Exception):
    """Events that did not reach the archive: their batch has to come again, which does no harm."""

    def __init__(self, count: int, stream: str) -> None:
        super().__init__(f"{count} events did not reach the archive {stream}; the batch comes again.")


class Aws:
    """The outputs of a function. `client` makes the client of a service, such as `boto3.client`.

    `endpoint` is empty where no model is asked. `namespace` is the metrics', none where there are none.
    """

    def __init__(
        self,
        client: Callable[[str], Any],
        *,
        undelivered_url: str,
        endpoint: str = "",
        archive: str | None = None,
        namespace: str | None = None,
        threads: int = 16,
    ) -> None:
        self._make = client
        self._made: dict[str, Any] = {}
        self._undelivered = undelivered_url
        self._endpoint = endpoint
        self._archive = archive
        self._namespace = namespace
        self._threads = threads

    def put(self, records: Sequence[Record]) -> list[Refusal | None]:
        store = self._client("sagemaker-featurestore-runtime") if records else None

        def put(record: Record) -> Refusal | None:
            group, values = record
            told = [{"FeatureName": name, "ValueAsString": value} for name, value in values.items()]
            try:
                store.put_record(FeatureGroupName=group.name, Record=told)  # type: ignore[union-attr]
            except ClientError as refused:
                code = refused.response["Error"]["Code"]
                return Refusal(str(refused) if code in _REFUSES else code, code in _REFUSES)
            except BotoCoreError as unreachable:
                return Refusal(str(unreachable), False)
            return None

        return self._in_threads(put, records)

    def predict(self, questions: Sequence[Question]) -> list[Answer | Refusal]:
        if not questions:
            return []
        if not self._endpoint:
            return [Refusal("There is no endpoint yet", True, absent=True) for _ in questions]
        runtime = self._client("sagemaker-runtime")

        def ask(question: Question) -> Answer | Refusal:
            try:
                answer = runtime.invoke_endpoint(
                    EndpointName=self._endpoint,
                    ContentType="application/json",
                    Accept="application/json",
                    InferenceId=question.id,
                    CustomAttributes=f"event-time={question.time}",
                    Body=json.dumps({"instances": [question.features]}),
                )
                told = json.loads(answer["Body"].read())
                probability = float(told["predictions"][0]["probability"])
            except ClientError as refused:
                return _refusal(refused)
            except BotoCoreError as unreachable:
                return Refusal(f"The endpoint is out of reach: {unreachable}", False)
            except (ValueError, LookupError, TypeError) as strange:
                return Refusal(f"The endpoint's answer is none: {strange!r}", True)
            return Answer(probability, answer.get("InvokedProductionVariant", ""))

        return self._in_threads(ask, questions)

    def predicted(self, group: Group, identities: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for start in range(0, len(identities), _MOST_IDENTIFIERS):
            asked = list(identities[start : start + _MOST_IDENTIFIERS])
            answer = self._client("sagemaker-featurestore-runtime").batch_get_record(
                Identifiers=[{"FeatureGroupName": group.name, "RecordIdentifiersValueAsString": asked}]
            )
            for one in answer["Records"]:
                found[one["RecordIdentifierValueAsString"]] = {
                    value["FeatureName"]: value["ValueAsString"] for value in one["Record"]
                }
        return found

    def set_apart(self, identity: str, data: bytes, reason: str) -> None:
        body = {"record": identity, "reason": reason, "data": data.decode("utf-8", "replace")[:200_000]}
        self._client("sqs").send_message(QueueUrl=self._undelivered, MessageBody=json.dumps(body))

    def archive(self, events: Sequence[bytes]) -> None:
        if not self._archive:
            return
        for start in range(0, len(events), _MOST_ARCHIVED):
            answer = self._client("firehose").put_record_batch(
                DeliveryStreamName=self._archive,
                Records=[{"Data": one} for one in events[start : start + _MOST_ARCHIVED]],
            )
            if answer["FailedPutCount"]:
                raise NotArchivedError(answer["FailedPutCount"], self._archive)

    def count(self, counts: Mapping[str, int]) -> None:
        print(json.dumps({name: value for name, value in sorted(counts.items()) if value}))
        told = [name for name in _TOLD if counts.get(name)]
        if self._namespace and told:
            self._client("cloudwatch").put_metric_data(
                Namespace=self._namespace,
                MetricData=[
                    {
                        "MetricName": name,
                        "Value": counts[name],
                        "Unit": "Count",
                    }
                    for name in told
                ],
            )

    def _client(self, service: str) -> Any:
        """A client is made when it is first needed: each takes its time of a cold start."""
        if service not in self._made:
            self._made[service] = self._make(service)
        return self._made[service]

    def _in_threads(self, work: Callable[[_Given], _Got], every: Iterable[_Given]) -> list[_Got]:
        given = list(every)
        if len(given) < 2 or self._threads < 2:
            return [work(one) for one in given]
        with ThreadPoolExecutor(min(self._threads, len(given))) as pool:
            return list(pool.map(work, given))


def _refusal(refused: ClientError) -> Refusal:
    """Source: InvokeEndpoint in the API reference, "Errors"."""
    error = refused.response["Error"]
    code, message = error["Code"], error.get("Message", "")
    if code in _REFUSES:
        if "not found" in message.lower() or "could not find" in message.lower():
            return Refusal(message, True, absent=True)
        return Refusal(f"The endpoint refuses it: {message}", True)
    if code == "ModelError":
        status = int(str(refused.response.get("OriginalStatusCode", 500)))
        return Refusal(f"The model answers {status}: {message}", 400 <= status < 500 and status != 429)
    return Refusal(f"The endpoint does not answer for the moment: {code}", False)
