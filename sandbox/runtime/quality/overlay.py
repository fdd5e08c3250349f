"""Data quality for the host: runs that evaluate rulesets, and their results; the rulesets are recorded."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from botocore.exceptions import ClientError

from sandbox.runtime.overlay import Caller, Cloud, Params, ServiceError, TableOverlay
from sandbox.runtime.quality.rules import RulesetError, Verdict, judge, rules_of
from sandbox.runtime.recorded.kinds.glue import RULESET
from sandbox.runtime.recorded.shelf import Shelf

_RUN, _RESULT = "glue-quality-run", "glue-quality-result"
_OVER = frozenset({"SUCCEEDED", "FAILED", "STOPPED"})
_MOMENTS = ("StartedOn", "CompletedOn")
_READERS = {
    "parquet": "read_parquet({files}, union_by_name = true)",
    "json": "read_json_auto({files}, union_by_name = true)",
    "csv": "read_csv_auto({files}, union_by_name = true)",
}
_log = logging.getLogger(__name__)


class UnreadableError(Exception):
    """A table that cannot be read: why."""


class QualityOverlay(TableOverlay):
    """Answers the operations on evaluation runs and their results."""

    service = "glue"

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(
            {
                "StartDataQualityRulesetEvaluationRun": self._start,
                "GetDataQualityRulesetEvaluationRun": self._get,
                "GetDataQualityResult": self._result,
            }
        )
        self._cloud = cloud
        self._rulesets = Shelf(RULESET, cloud.documents)

    def start(self) -> None:
        """Settles what a stop cut off."""
        for kept in self._cloud.documents.all(_RUN):
            if kept["Status"] not in _OVER:
                self._end(kept, "FAILED", "The sandbox stopped while the run went on.", [])

    def stop(self) -> None:
        """A run under way is settled at the next start."""

    def _start(self, params: Params, caller: Caller) -> Params:
        for name in params["RulesetNames"]:
            self._rulesets.require({"Name": name}, caller)
        now = time.time()
        kept = {
            "RunId": f"dqrun-{uuid.uuid4().hex}",
            "DataSource": params["DataSource"],
            "Role": params["Role"],
            "Status": "RUNNING",
            "StartedOn": now,
            "RulesetNames": params["RulesetNames"],
            "$caller": [caller.account_id, caller.region],
        }
        self._cloud.documents.put(_RUN, kept["RunId"], kept)
        threading.Thread(target=self._run, args=(kept,), name=kept["RunId"], daemon=True).start()
        return {"RunId": kept["RunId"]}

    def _get(self, params: Params, _: Caller) -> Params:
        return self._kept(_RUN, params["RunId"])

    def _result(self, params: Params, _: Caller) -> Params:
        return self._kept(_RESULT, params["ResultId"])

    def _kept(self, kind: str, key: str) -> Params:
        kept = self._cloud.documents.get(kind, key)
        if kept is None:
            raise ServiceError("EntityNotFoundException", f"{key} does not exist.")
        return {
            name: datetime.fromtimestamp(value, UTC) if name in _MOMENTS else value
            for name, value in kept.items()
            if not name.startswith("$")
        }

    def _run(self, kept: Mapping[str, Any]) -> None:
        caller = Caller(*kept["$caller"])
        found: list[tuple[str, list[Verdict]]] = []
        try:
            with TemporaryDirectory(prefix="quality-") as folder:
                relation = self._relation(kept["DataSource"]["GlueTable"], Path(folder), caller)
                for name in kept["RulesetNames"]:
                    ruleset = self._rulesets.require({"Name": name}, caller)
                    found.append((name, _judged(rules_of(ruleset["Ruleset"]), relation)))
        except (UnreadableError, RulesetError, ServiceError) as never:
            self._end(kept, "FAILED", str(never), [])
            return
        self._end(kept, "SUCCEEDED", None, found)

    def _relation(self, table: Mapping[str, Any], folder: Path, caller: Caller) -> str:
        """The table's files, fetched, as duckdb reads them. Raises UnreadableError."""
        named = f"{table['DatabaseName']}.{table['TableName']}"
        try:
            glue = self._cloud.client("glue", caller)
            described = glue.get_table(DatabaseName=table["DatabaseName"], Name=table["TableName"])["Table"]
            storage = described["StorageDescriptor"]
            bucket, _, prefix = storage["Location"].removeprefix("s3://").partition("/")
            s3 = self._cloud.client("s3", caller)
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            keys = [one["Key"] for page in pages for one in page.get("Contents", ()) if one["Size"]]
            files = [folder / f"{place}" for place in range(len(keys))]
            for key, file in zip(keys, files, strict=True):
                s3.download_file(bucket, key, str(file))
        except ClientError as refused:
            raise UnreadableError(f"{named} cannot be read: {refused}") from refused
        if not files:
            raise UnreadableError(f"There is no object of {named} at {storage['Location']}")
        library = str((storage.get("SerdeInfo") or {}).get("SerializationLibrary", "")).lower()
        kind = next((kind for kind in ("parquet", "json") if kind in library), "csv")
        return _READERS[kind].format(files=[str(file) for file in files])

    def _end(
        self,
        kept: Mapping[str, Any],
        status: str,
        error: str | None,
        found: Sequence[tuple[str, Sequence[Verdict]]],
    ) -> None:
        now = time.time()
        results = []
        for ruleset, verdicts in found:
            identity = f"dqresult-{uuid.uuid4().hex}"
            passed = sum(one.result == "PASS" for one in verdicts)
            score = passed / len(verdicts) if verdicts else 1.0
            result = {
                "ResultId": identity,
                "Score": score,
                "DataSource": kept["DataSource"],
                "RulesetName": ruleset,
                "RulesetEvaluationRunId": kept["RunId"],
                "StartedOn": kept["StartedOn"],
                "CompletedOn": now,
                "RuleResults": [_shown(place, one) for place, one in enumerate(verdicts, 1)],
            }
            self._cloud.documents.put(_RESULT, identity, result)
            results.append(identity)
            self._tell(kept, ruleset, identity, score, passed, len(verdicts) - passed)
        ended = {**kept, "Status": status, "CompletedOn": now, "ResultIds": results}
        ended |= {
            "ExecutionTime": round(now - kept["StartedOn"]),
            **({"ErrorString": error} if error else {}),
        }
        self._cloud.documents.put(_RUN, kept["RunId"], ended)

    def _tell(
        self, kept: Mapping[str, Any], ruleset: str, result: str, score: float, passed: int, failed: int
    ) -> None:
        """Source: https://docs.aws.amazon.com/glue/latest/dg/data-quality-alerts.html"""
        table = kept["DataSource"]["GlueTable"]
        detail = {
            "resultId": result,
            "context": {
                "contextType": "GLUE_DATA_CATALOG",
                "runId": kept["RunId"],
                "databaseName": table["DatabaseName"],
                "tableName": table["TableName"],
            },
            "rulesetNames": [ruleset],
            "state": "FAILED" if failed else "SUCCEEDED",
            "score": score,
            "numRulesSucceeded": passed,
            "numRulesFailed": failed,
            "numRulesSkipped": 0,
        }
        caller = Caller(*kept["$caller"])
        try:
            self._cloud.emit(
                "aws.glue-dataquality", "Data Quality Evaluation Results Available", detail, caller
            )
        except ServiceError as error:
            _log.warning("the event of %s is lost: %s", kept["RunId"], error)


def _judged(rules: Sequence[str], relation: str) -> list[Verdict]:
    """The verdict on each rule. Raises UnreadableError."""
    import duckdb

    with duckdb.connect() as database:
        try:
            data = database.sql(f"from {relation}")
        except duckdb.Error as unreadable:
            raise UnreadableError(f"The files cannot be read: {unreadable}") from unreadable

        def ask(measure: str) -> Any:
            try:
                row = data.aggregate(measure).fetchone()
            except duckdb.Error as wrong:
                raise RulesetError(f"The rule cannot be judged: {wrong}") from wrong
            return row[0] if row else None

        return [judge(rule, data.columns, ask) for rule in rules]


def _shown(place: int, verdict: Verdict) -> Params:
    told: Params = {"Name": f"Rule_{place}", "Description": verdict.rule, "Result": verdict.result}
    if verdict.message:
        told["EvaluationMessage"] = verdict.message
    if verdict.measured is not None:
        told["EvaluatedMetrics"] = {verdict.rule.split(" ")[0]: verdict.measured}
    return told
