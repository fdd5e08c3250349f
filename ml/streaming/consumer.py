"""What becomes of a batch? States change, features are written, due questions are asked, outcomes join.

Everything is by the events' own time. The watermark is the time up to which all is likely to have come: the
least of the shards' newest events, less the tolerance. What waits for it (questions and outcomes) is kept in
the shard's clock, which is written last: until then a batch that comes again does the same again.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ml.streaming.declared import Change, State, Stream
from ml.streaming.event import TICK, Event, NoEventError, entity_of, happened, judged, moment_of, parsed
from ml.streaming.groups import Group, features_of
from ml.streaming.marks import asked_at, minutes
from ml.streaming.outputs import Outputs, Question, Record, Refusal
from ml.streaming.state import SLACK, Clock, Held, Store, expire, kind_of

PREDICTION = "prediction"
OUTCOME = "outcome"
_MOST_TRIES = 20


class StatesContendedError(Exception):
    """Other consumers wrote the same states first, again and again: the batch has to come again."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What the consumer waits for, and how long.

    `tolerance`: minutes of event time that an event may be behind the newest one and still count for every
    question. `idle_seconds`: a shard without a batch for so long is waited for no more. `tries`: how often a
    question or an outcome is tried, with a batch each, until it is set apart.
    """

    tolerance: float = 5
    idle_seconds: float = 120
    tries: int = 5


@dataclass
class _Batch:
    """What the records of a batch are."""

    events: list[Event] = field(default_factory=list)
    ready: list[tuple[str, bytes, Record]] = field(default_factory=list)
    """Events that are features as they stand."""
    outcomes: list[tuple[str, float, Mapping[str, Any]]] = field(default_factory=list)
    ticks: list[tuple[float, str]] = field(default_factory=list)
    apart: list[tuple[str, bytes, str]] = field(default_factory=list)
    good: list[bytes] = field(default_factory=list)


class Consumer:
    """Works off batches. Without a `stream` events are features as they stand, and nothing is asked."""

    def __init__(
        self,
        groups: Mapping[str, Group],
        outputs: Outputs,
        stream: Stream | None = None,
        store: Store | None = None,
        rules: Rules = Rules(),
    ) -> None:
        self._groups = groups
        self._outputs = outputs
        self._stream = stream
        self._store = store
        self._rules = rules

    def take(self, shard: str, records: Iterable[tuple[str, bytes]], now: datetime) -> list[str]:
        """Deals with records of one shard, in order; gives the identities of those that must come again.

        Raises StatesNotReadError, StatesContendedError or what the table raises, where the whole batch must.
        """
        counts: Counter[str] = Counter()
        batch = self._sorted_out(records, now)
        by_time = bool(batch.events or batch.outcomes or batch.ticks)
        if self._stream is not None and self._store is not None and by_time:
            self._by_time(self._stream, self._store, shard, batch, now, counts)
        failed = self._write(batch)
        for identity, data, reason in batch.apart:
            self._outputs.set_apart(identity, data, reason)
        self._outputs.archive(batch.good)
        counts["Events"] += len(batch.good)
        counts["SetApart"] += len(batch.apart)
        self._outputs.count(counts)
        return failed

    def _sorted_out(self, records: Iterable[tuple[str, bytes]], now: datetime) -> _Batch:
        batch = _Batch()
        stream = self._stream
        for identity, data in records:
            try:
                told = parsed(data)
                kind = told.get("type")
                declared = None if stream is None else stream.types.get(str(kind))
                if declared is not None:
                    batch.events.append(judged(told, declared, now))
                elif stream is not None and kind == TICK:
                    batch.ticks.append((minutes(happened(told, now)), entity_of(told)))
                else:
                    record = features_of(told, self._groups, now)
                    if stream is not None and kind == OUTCOME:
                        name = f"{kind} {told.get('id') or told['entity'] + '/' + told['time']}"
                        batch.outcomes.append((name, minutes(happened(told, now)), told))
                    else:
                        batch.ready.append((identity, data, record))
                        continue
            except NoEventError as wrong:
                batch.apart.append((identity, data, str(wrong)))
            else:
                batch.good.append(data)
        return batch

    def _write(self, batch: _Batch) -> list[str]:
        """Writes the events that are features as they stand; gives those that must come again."""
        failed = []
        refused = self._outputs.put([record for _, _, record in batch.ready])
        for (identity, data, _), refusal in zip(batch.ready, refused, strict=True):
            if refusal is None:
                batch.good.append(data)
            elif refusal.final:
                batch.apart.append((identity, data, f"The feature store refuses it: {refusal.reason}"))
            else:
                print(f"{identity} is not written for the moment: {refusal.reason}")
                failed.append(identity)
        return failed

    def _by_time(
        self,
        stream: Stream,
        store: Store,
        shard: str,
        batch: _Batch,
        now: datetime,
        counts: Counter[str],
    ) -> None:
        # The clocks first: what another shard's clock promises is then in the states that are read after it.
        others = store.clocks()
        clock = others.pop(shard, Clock())
        present = minutes(now)
        times = [event.at for event in batch.events] + [at for _, at, _ in batch.outcomes]
        # A wrong clock of a producer must not make everything after it late.
        newest = min(max([*times, *(at for at, _ in batch.ticks)]), present)
        behind = None if clock.newest is None else clock.newest - self._rules.tolerance
        clock.newest = newest if clock.newest is None else max(newest, clock.newest)
        watermark = self._watermark(clock, others, now)
        before = None if behind is None else min(behind, watermark)

        known: dict[str, Event] = {}
        changes: dict[str, list[Change]] = {}
        late: set[str] = set()
        for event in batch.events:
            is_late = behind is not None and event.at < behind
            if event.type == stream.ask:
                if before is not None and event.at < before - SLACK:
                    counts["TooLate"] += 1
                    continue
                name = f"{event.type} {event.id}"
                if name not in clock.done and name not in clock.pending:
                    clock.pending[name] = {"at": event.at, "told": event.told, "tries": 0}
                    known[name] = event
                    counts["Late"] += is_late
                continue
            for key, change in stream.changes(event):
                if is_late:
                    change = _noting(change, event.id, late)
                found = changes.get(key)
                if found is None:
                    changes[key] = [change]
                else:
                    found.append(change)
        for name, at, told in batch.outcomes:
            if name not in clock.done and name not in clock.pending:
                clock.pending[name] = {"at": at, "told": told, "tries": 0}
        due = sorted(
            (name for name, one in clock.pending.items() if one["at"] < watermark),
            key=lambda name: (clock.pending[name]["at"], name),
        )
        asking = [
            (name, known.get(name) or _again(stream, clock.pending[name]["told"], now))
            for name in due
            if not name.startswith(f"{OUTCOME} ")
        ]
        touched = {entity for _, entity in batch.ticks if kind_of(entity) in stream.snapshots}
        looked = {key for _, event in asking for key in stream.asked_of(event)}
        held = store.load(changes.keys() | touched | looked)
        # By the watermark before this batch, which may span more than the slack: its own questions look back.
        self._change(stream, store, held, changes, before)
        counts["Late"] += len(late)
        mark = asked_at(watermark)
        if before is None or asked_at(before) < mark:
            self._show(stream, held, changes.keys() | touched, mark)
        self._answer(stream, clock, held, asking, batch, counts)
        self._join(clock, [name for name in due if name.startswith(f"{OUTCOME} ")], batch, counts)
        clock.done = {name: at for name, at in clock.done.items() if at >= watermark - SLACK}
        clock.touched = now.timestamp()
        self._save_clock(store, shard, clock)

    def _watermark(self, own: Clock, others: Mapping[str, Clock], now: datetime) -> float:
        """The time up to which all shards that are read have likely told everything."""
        lively = now.timestamp() - self._rules.idle_seconds
        times = [one.newest for one in others.values() if one.touched >= lively and one.newest is not None]
        assert own.newest is not None  # noqa: S101 - it was set from this batch
        return min([own.newest, *times]) - self._rules.tolerance

    def _change(
        self,
        stream: Stream,
        store: Store,
        held: dict[str, Held],
        changes: Mapping[str, Sequence[Change]],
        before: float | None,
    ) -> None:
        """Puts the events into their states, each key written once; again where another writer was first."""
        left: Iterable[str] = changes
        for attempt in range(_MOST_TRIES):
            changed = []
            for key in left:
                state, has_changed = held[key].state, False
                for change in changes[key]:
                    has_changed = change(state) or has_changed
                if has_changed:
                    if before is not None:
                        expire(stream.kinds, key, state, before)
                    changed.append(held[key])
            left = store.save(changed)
            if not left:
                return
            time.sleep(random.uniform(0, 0.005 * 2 ** min(attempt, 6)))  # noqa: S311 - spreads tries
            held.update(store.load(left))
        raise StatesContendedError(
            f"{', '.join(left)}: written by others first, {_MOST_TRIES} times. The batch comes again."
        )

    def _show(self, stream: Stream, held: Mapping[str, Held], keys: Iterable[str], mark: int) -> None:
        """Writes what is known of keys at a mark to their feature groups. A later mark mends what fails."""
        records: list[Record] = []
        for key in sorted(keys):
            kind, _, entity = key.partition("/")
            snapshot = stream.snapshots.get(kind)
            group = None if snapshot is None else self._groups.get(snapshot.event)
            if snapshot is not None and group is not None:
                values = snapshot.features(held[key].state, mark)
                records.append((group, group.record(entity, mark, values)))
        for (group, _), refusal in zip(records, self._outputs.put(records), strict=True):
            if refusal is not None:
                print(f"{group.name} is not written for this mark: {refusal.reason}")

    def _answer(
        self,
        stream: Stream,
        clock: Clock,
        held: Mapping[str, Held],
        asking: Sequence[tuple[str, Event]],
        batch: _Batch,
        counts: Counter[str],
    ) -> None:
        states = {key: one.state for key, one in held.items()}
        questions = [
            Question(event.entity, event.told["time"], stream.features(event, states)) for _, event in asking
        ]
        group = self._groups.get(PREDICTION)
        records: list[Record] = []
        answered: list[str] = []
        for (name, event), answer in zip(asking, self._outputs.predict(questions), strict=True):
            if isinstance(answer, Refusal):
                if answer.absent:
                    counts["Unasked"] += 1
                    self._done(clock, name)
                else:
                    self._tried(clock, name, answer, batch)
                continue
            answered.append(name)
            if group is not None:
                values = {
                    "probability": answer.probability,
                    "subject": stream.subject(event),
                    "variant": answer.variant,
                }
                records.append((group, group.record(event.entity, event.at, values)))
        refused = self._outputs.put(records) if records else [None] * len(answered)
        for name, refusal in zip(answered, refused, strict=True):
            if refusal is None:
                counts["Asked"] += 1
                self._done(clock, name)
            else:
                self._tried(clock, name, refusal, batch)

    def _join(
        self,
        clock: Clock,
        names: Sequence[str],
        batch: _Batch,
        counts: Counter[str],
    ) -> None:
        """Writes outcomes beside what was predicted, by the inference id."""
        group, predictions = self._groups[OUTCOME] if names else None, self._groups.get(PREDICTION)
        if group is None:
            return
        told = [clock.pending[name]["told"] for name in names]
        made: Mapping[str, Mapping[str, str]] = {}
        if predictions is not None and "predicted" in group.features:
            lacking = [one["entity"] for one in told if one["features"].get("predicted") is None]
            made = self._outputs.predicted(predictions, sorted(set(lacking)))
        records: list[Record] = []
        for one in told:
            features = dict(one["features"])
            prediction = made.get(one["entity"])
            if prediction is not None:
                counts["Joined"] += 1
                features["predicted"] = float(prediction["probability"])
                if "subject" in group.features and features.get("subject") is None:
                    features["subject"] = prediction.get("subject")
            records.append((group, group.record(one["entity"], minutes(moment_of(one["time"])), features)))
        for name, refusal in zip(names, self._outputs.put(records), strict=True):
            if refusal is None:
                counts["Outcomes"] += 1
                self._done(clock, name)
            else:
                self._tried(clock, name, refusal, batch)

    def _done(self, clock: Clock, name: str) -> None:
        clock.done[name] = clock.pending.pop(name)["at"]

    def _tried(self, clock: Clock, name: str, refusal: Refusal, batch: _Batch) -> None:
        """Leaves it for the next batch, or sets it apart where that would not help."""
        waiting = clock.pending[name]
        waiting["tries"] += 1
        if refusal.final or waiting["tries"] >= self._rules.tries:
            data = json.dumps(waiting["told"]).encode()
            batch.apart.append((name, data, f"{refusal.reason} ({waiting['tries']} tries)"))
            self._done(clock, name)
        else:
            print(f"{name} waits for the next batch: {refusal.reason}")

    def _save_clock(self, store: Store, shard: str, clock: Clock) -> None:
        """Writes the clock. Where another invocation on the shard was first, what both know is written."""
        for _ in range(_MOST_TRIES):
            if store.save_clock(shard, clock):
                return
            clock = clock.joined(store.clocks().get(shard, Clock()))
        raise StatesContendedError(f"The clock of {shard} is written by others first, again and again.")


def _noting(change: Change, identity: str, late: set[str]) -> Change:
    """A change that notes the event where it is new: one that only comes again is not late."""

    def noting(state: State) -> bool:
        has_changed = change(state)
        if has_changed:
            late.add(identity)
        return has_changed

    return noting


def _again(stream: Stream, told: Mapping[str, Any], now: datetime) -> Event:
    """The question that waited; it was judged when it came."""
    return judged(told, stream.types[stream.ask], now)
