"""How does a training job move from one secondary status to the next?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.runtime.sagemaker.records import Record, Shelf, now

_MESSAGES = {
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Interrupted": "Training job interrupted: its spot instance was reclaimed",
    "Failed": "Training job failed",
    "Stopping": "Stopping the training job",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
    "MaxWaitTimeExceeded": "Training job runtime exceeded MaxWaitTimeInSeconds provided",
    "Starting": "Starting the training job",
    "Restarting": "Restarting the training job: its instance was lost",
}


def move(shelf: Shelf, record: Record, status: str, fields: Mapping[str, Any] | None = None) -> Record:
    """Moves a training job to a secondary status, closing the one before."""

    def change(current: Record) -> Record:
        at = now()
        transitions = [dict(entry) for entry in current.fields["SecondaryStatusTransitions"]]
        if current.fields["SecondaryStatus"] != status:
            transitions[-1].setdefault("EndTime", at)
            transitions.append({"Status": status, "StartTime": at, "StatusMessage": _MESSAGES[status]})
        if status in {"Completed", "Failed", "Stopped", "MaxRuntimeExceeded", "MaxWaitTimeExceeded"}:
            transitions[-1]["EndTime"] = at
        merged = {
            **current.fields,
            **(fields or {}),
            "SecondaryStatus": status,
            "SecondaryStatusTransitions": transitions,
            "LastModifiedTime": at,
        }
        return Record(current.name, current.arn, current.caller, merged, current.private)

    return shelf.edit(record, change)
