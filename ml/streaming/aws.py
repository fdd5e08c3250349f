"""How are features put, models asked and dead letters kept on AWS? By boto3, several at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from ml.streaming.groups import Group
from ml.streaming.outputs import Answer, Question, Record, Refusal

_MOST_ARCHIVED = 400
"""Records that Firehose is handed at a time: 500 at most, 4 MiB together (API reference, PutRecordBatch)."""
_MOST_WRITTEN = 25
"""Records that BatchWriteRecord takes (API reference)."""
_MOST_IDENTIFIERS = 100
"""Records that BatchGetRecord reads at a time (API reference)."""
_REFUSES = frozenset({"ValidationError", "ValidationException"})
_ONE_BY_ONE = _REFUSES | {"AccessDeniedException", "AccessForbidden", "UnknownOperationException"}
"""What a batch as a whole is refused with, and its records by themselves may not be."""
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
        if not records:
            return []
        store = self._client("sagemaker-featurestore-runtime")
        # Lambda's own boto3 may be older than the operation, which is of June 2026.
        if len(records) == 1 or not hasattr(store, "batch_write_record"):
            return self._in_threads(lambda record: _put(store, _entry(record)), records)
        entries = [_entry(record) for record in records]
        parts = [entries[at : at + _MOST_WRITTEN] for at in range(0, len(entries), _MOST_WRITTEN)]
        written = self._in_threads(lambda part: _put_together(store, part), parts)
        return [refusal for part in written for refusal in part]

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


def _entry(record: Record) -> dict[str, Any]:
    """A record as an operation of the feature store has it."""
    group, values = record
    told = [{"FeatureName": name, "ValueAsString": value} for name, value in values.items()]
    return {"FeatureGroupName": group.name, "Record": told}


def _put(store: Any, entry: Mapping[str, Any]) -> Refusal | None:
    try:
        store.put_record(**entry)
    except ClientError as refused:
        return _unwritten(refused.response["Error"]["Code"], str(refused))
    except BotoCoreError as unreachable:
        return Refusal(str(unreachable), False)
    return None


def _put_together(store: Any, entries: Sequence[dict[str, Any]]) -> list[Refusal | None]:
    """What became of each of at most 25 records, in order."""
    try:
        answer = store.batch_write_record(Entries=entries)
    except ParamValidationError:
        return [_put(store, entry) for entry in entries]
    except ClientError as refused:
        code = refused.response["Error"]["Code"]
        if code in _ONE_BY_ONE:
            return [_put(store, entry) for entry in entries]
        return [Refusal(code, False)] * len(entries)
    except BotoCoreError as unreachable:
        return [Refusal(str(unreachable), False)] * len(entries)
    busy = Refusal("The feature store is busy", False)
    refusals = {_named(entry): busy for entry in answer.get("UnprocessedEntries", ())}
    refusals |= {
        _named(error["Entry"]): _unwritten(error["ErrorCode"], error.get("ErrorMessage", ""))
        for error in answer.get("Errors", ())
    }
    found = [refusals.get(_named(entry)) for entry in entries]
    if not refusals.keys() <= {_named(entry) for entry in entries}:
        # It tells of an entry that is none of ours: which one is not written cannot be known.
        unknown = Refusal("The feature store did not say which records it has written", False)
        return [refusal or unknown for refusal in found]
    return found


def _named(entry: Mapping[str, Any]) -> tuple[str, frozenset[tuple[str, str]]]:
    """What an entry is known by in an answer, in whatever order its features stand there."""
    values = frozenset((one["FeatureName"], one["ValueAsString"]) for one in entry["Record"])
    return str(entry["FeatureGroupName"]).rpartition("/")[2], values


def _unwritten(code: str, message: str) -> Refusal:
    return Refusal(message or code, True) if code in _REFUSES else Refusal(code, False)


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
