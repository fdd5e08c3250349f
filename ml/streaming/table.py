"""How are states kept in DynamoDB? An item a key, written over the version that was read and no other."""

from __future__ import annotations

import json
import random
import time
import zlib
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError

from ml.streaming.state import Clock, Held, Kinds, empty, restored

_MOST_READ = 100
"""Items that one BatchGetItem reads (API reference)."""
_MOST_TOGETHER = 100
"""Items of one TransactWriteItems (API reference)."""
_MOST_BYTES = 3 << 20
"""Of their bodies: a transaction is 4 MB at most, names and numbers included (API reference)."""
_TOGETHER_FROM = 25
"""So many states are written in transactions: twice the write units, and a hundredth of the requests."""
_MOST_TRIES = 8
_CLOCK = "clock"
_STATE = "state"


class StatesNotReadError(Exception):
    """The table did not give all states for the moment: the batch has to come again."""


class Table:
    """States and clocks in a table with the hash key `part` and the range key `name`.

    A state is the item (`<key>`, `state`), a clock (`clock`, `<shard>`): an item has `version`, `body` (JSON,
    compressed) and `expires`, the second since 1970 at which the service may delete it.
    """

    def __init__(
        self,
        client: Any,
        name: str,
        kinds: Kinds,
        keep_days: int,
        threads: int = 8,
        *,
        together_from: int = _TOGETHER_FROM,
    ) -> None:
        self._client = client
        self._name = name
        self._kinds = kinds
        self._keep = keep_days * 86400
        self._threads = threads
        self._together_from = together_from

    def clocks(self) -> dict[str, Clock]:
        found: dict[str, Clock] = {}
        more: dict[str, Any] = {}
        while True:
            answer = self._client.query(
                TableName=self._name,
                KeyConditionExpression="#part = :clock",
                ExpressionAttributeNames={"#part": "part"},
                ExpressionAttributeValues={":clock": {"S": _CLOCK}},
                ConsistentRead=True,
                **more,
            )
            for item in answer["Items"]:
                told = _body(item)
                found[item["name"]["S"]] = Clock(**told, version=int(item["version"]["N"]))
            if "LastEvaluatedKey" not in answer:
                return found
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def save_clock(self, shard: str, clock: Clock) -> bool:
        told = {
            "newest": clock.newest,
            "pending": clock.pending,
            "done": clock.done,
            "touched": clock.touched,
        }
        written = self._put(self._item(_CLOCK, shard, told, clock.version))
        clock.version += written
        return written

    def load(self, keys: Collection[str]) -> dict[str, Held]:
        wanted = sorted(keys)
        found = {key: Held(key, empty(self._kinds, key), 0) for key in wanted}
        parts = [wanted[at : at + _MOST_READ] for at in range(0, len(wanted), _MOST_READ)]
        for items in self._in_threads(self._read, parts):
            for item in items:
                key = item["part"]["S"]
                found[key] = Held(key, restored(self._kinds, key, _body(item)), int(item["version"]["N"]))
        return found

    def save(self, changed: Collection[Held]) -> list[str]:
        alone = [(held, self._item(held.key, _STATE, _dumped(held), held.version)) for held in changed]
        if len(alone) >= self._together_from:
            parts = _parts(alone)
            written = self._in_threads(self._put_together, parts)
            # Where another was first with one of them, none was written: each by itself, then.
            alone = [one for part, done in zip(parts, written, strict=True) if not done for one in part]
        written = self._in_threads(lambda one: self._put(one[1], one[0]), alone)
        return [held.key for (held, _), done in zip(alone, written, strict=True) if not done]

    def _in_threads(self, work: Any, parts: Sequence[Any]) -> list[Any]:
        if len(parts) < 2 or self._threads < 2:
            return [work(one) for one in parts]
        with ThreadPoolExecutor(min(self._threads, len(parts))) as pool:
            return list(pool.map(work, parts))

    def _read(self, keys: Sequence[str]) -> list[Any]:
        """Reads up to 100 items. Raises StatesNotReadError where the table leaves some out to the last."""
        asked: dict[str, Any] = {
            self._name: {
                "Keys": [{"part": {"S": key}, "name": {"S": _STATE}} for key in keys],
                "ConsistentRead": True,
            }
        }
        items: list[Any] = []
        for attempt in range(_MOST_TRIES):
            answer = self._client.batch_get_item(RequestItems=asked)
            items += answer["Responses"].get(self._name, [])
            asked = answer.get("UnprocessedKeys") or {}
            if not asked:
                return items
            time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - spreads tries, keeps no secret
        raise StatesNotReadError(f"{self._name} leaves states out after {_MOST_TRIES} tries")

    def _put_together(self, part: Sequence[tuple[Held, dict[str, Any]]]) -> bool:
        """All of them or, where one was written by others first, none."""
        try:
            self._client.transact_write_items(TransactItems=[{"Put": item} for _, item in part])
        except ClientError as refused:
            if refused.response["Error"]["Code"] == "TransactionCanceledException":
                return False
            raise
        for held, _ in part:
            held.version += 1
        return True

    def _put(self, item: dict[str, Any], held: Held | None = None) -> bool:
        try:
            self._client.put_item(**item)
        except ClientError as refused:
            if refused.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        if held is not None:
            held.version += 1
        return True

    def _item(self, part: str, name: str, told: Any, version: int) -> dict[str, Any]:
        """What writes an item over a version."""
        body = zlib.compress(json.dumps(told, separators=(",", ":")).encode(), 1)
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(#version)"}
        if version:
            condition = {
                "ConditionExpression": "#version = :read",
                "ExpressionAttributeValues": {":read": {"N": str(version)}},
            }
        return {
            "TableName": self._name,
            "Item": {
                "part": {"S": part},
                "name": {"S": name},
                "version": {"N": str(version + 1)},
                "body": {"B": body},
                "expires": {"N": str(int(time.time()) + self._keep)},
            },
            "ExpressionAttributeNames": {"#version": "version"},
            **condition,
        }


def _parts(
    every: Sequence[tuple[Held, dict[str, Any]]],
) -> list[list[tuple[Held, dict[str, Any]]]]:
    """As many at a time as a transaction takes."""
    parts: list[list[tuple[Held, dict[str, Any]]]] = [[]]
    size = 0
    for one in every:
        body = len(one[1]["Item"]["body"]["B"])
        if parts[-1] and (len(parts[-1]) == _MOST_TOGETHER or size + body > _MOST_BYTES):
            parts.append([])
            size = 0
        parts[-1].append(one)
        size += body
    return parts


def _dumped(held: Held) -> dict[str, Any]:
    return {name: part.dump() for name, part in held.state.items()}


def _body(item: Any) -> Any:
    return json.loads(zlib.decompress(item["body"]["B"]))
