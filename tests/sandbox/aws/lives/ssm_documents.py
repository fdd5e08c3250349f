"""The life of `ssm/document`."""

from __future__ import annotations

import json

from lives.life import Life


def _document(command: str) -> str:
    step = {"action": "aws:runShellScript", "name": "run", "inputs": {"runCommand": [command]}}
    parameters = {"place": {"type": "String", "description": "where", "default": "/tmp"}}
    return json.dumps(
        {"schemaVersion": "2.2", "description": "runs", "parameters": parameters, "mainSteps": [step]}
    )


LIVES = [
    Life(
        "aws:ssm/document:Document",
        lambda _: {"content": _document("true"), "documentType": "Command"},
        {"content": _document("false"), "tags": {"a": "b"}},
        {"documentType": "Automation"},
    ),
]
