"""Where the emulator (moto 5.2) takes a way whose length grows with all that it holds, and a short one does.

Each hook replaces one method of the emulator's, within its lock and its journal, and answers the same.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_Back = Callable[[], None]


def install() -> None:
    """Installs every hook. To be called once, before the first request."""
    _sequence_numbers()
    _values_in_answers()
    _queries()
    _transactions()


def _sequence_numbers() -> None:
    """The last number of a shard, which each record that is put asks for, without a list of all records."""
    from moto.kinesis.models import Shard

    def last(self: Any) -> int:
        return next(reversed(self.records), 0)

    Shard.get_max_sequence_number = last  # type: ignore[method-assign]


def _values_in_answers() -> None:
    """A value of DynamoDB has one of ten members. The emulator looks for each of them by several names."""
    from moto.core.serialize import BaseJSONSerializer

    serialize = BaseJSONSerializer._serialize_type_structure

    def serialize_shortly(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        known = (
            shape.name == "AttributeValue" and type(value) is dict and value.keys() <= shape.members.keys()
        )
        if not known or not key:
            serialize(self, serialized, value, shape, key)
            return
        found: dict[str, Any] = {}
        for name, one in value.items():
            if one is not None:
                self._serialize(found, one, shape.members[name], name)
        self._default_serialize(serialized, found, shape, key)

    BaseJSONSerializer._serialize_type_structure = serialize_shortly  # type: ignore[method-assign]


def _queries() -> None:
    """A query of a table looks at the items of its hash key alone. The emulator sorts all that there are."""
    from moto.dynamodb.models.table import Table

    query, place_of_index = Table.query, 6

    def query_shortly(self: Any, hash_key: Any, *given: Any, **named: Any) -> Any:
        index = given[place_of_index] if len(given) > place_of_index else named.get("index_name")
        if index or hash_key is None:
            return query(self, hash_key, *given, **named)
        kept = self.items.get(hash_key)
        items = [] if not kept else list(kept.values()) if self.range_key_attr else [kept]
        self.all_items = lambda: items
        try:
            return query(self, hash_key, *given, **named)
        finally:
            del self.all_items

    Table.query = query_shortly  # type: ignore[method-assign]


def _transactions() -> None:
    """A transaction of DynamoDB is taken back by the items that it names. The emulator copies the table for
    each of up to a hundred items, and puts the copy in its place where the transaction is cancelled."""
    from moto.dynamodb import models
    from moto.dynamodb.models.table import Table

    class Copies:
        """Stands for the module `copy` there. A table is not copied: what was done to it is taken back."""

        @staticmethod
        def deepcopy(one: Any) -> Any:
            return one if isinstance(one, Table) else copy.deepcopy(one)

    write = models.DynamoDBBackend.transact_write_items

    def write_or_take_back(self: Any, transact_items: list[dict[str, Any]]) -> None:
        back = [_back(self.tables, item) for item in transact_items]
        streams = [
            (table, len(table.stream_shard.items)) for table in self.tables.values() if table.stream_shard
        ]
        try:
            write(self, transact_items)
        except BaseException:
            for one in reversed(back):
                one()
            for table, told in streams:
                del table.stream_shard.items[told:]
            raise

    models.copy = Copies  # type: ignore[attr-defined, assignment]
    models.DynamoDBBackend.transact_write_items = write_or_take_back  # type: ignore[method-assign]


def _back(tables: Mapping[str, Any], operation: Mapping[str, Mapping[str, Any]]) -> _Back:
    """What puts the item that an operation names back to what it is now."""
    from moto.dynamodb.models.dynamo_type import DynamoType

    kind, asked = next(iter(operation.items()), ("", {}))
    table = tables.get(str(asked.get("TableName", "")).rpartition("/")[2])
    named: Mapping[str, Any] = asked.get("Item" if kind == "Put" else "Key") or {}
    keys: Sequence[str] = [] if table is None else table.table_key_attrs
    if table is None or kind == "ConditionCheck" or not all(key in named for key in keys):
        return lambda: None
    place = [DynamoType(named[key]) for key in keys]
    holder = table.items if len(place) == 1 else table.items[place[0]]
    before = holder.get(place[-1])
    if kind == "Update":
        # The emulator changes the item itself.
        before = copy.deepcopy(before)

    def put_back() -> None:
        if before is None:
            holder.pop(place[-1], None)
        else:
            holder[place[-1]] = before

    return put_back
