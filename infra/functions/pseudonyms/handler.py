"""Pseudonyms: adds a key to the ring in the secret, makes it the current one, and drops the oldest ones.

The ring is `{"current": "k2", "keys": {"k1": "<base 64>", "k2": "<base 64>"}}`, as `ml/privacy/pseudonyms.py`
reads it. An empty secret gets its first key. The answer, which is logged too, holds the ids of the keys and
no key.
"""

import base64
import json
import os
import secrets
from typing import Any

import boto3
from botocore.exceptions import ClientError

KEY_BYTES = 32

Ring = dict[str, Any]


class BrokenRing(Exception):
    """The secret holds something that is no ring: nothing is written over it."""


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Rotates once. An event that came before (`due`, of the schedule) rotates no second time.

    Raises BrokenRing, or what AWS refuses.
    """
    client, secret = boto3.client("secretsmanager"), os.environ["SECRET"]
    ring = rotated(_ring(client, secret), str(event.get("due", "")), int(os.environ["KEPT"]))
    if ring is None:
        answer: dict[str, Any] = {"rotated": False, "why": "this order was followed before"}
    else:
        client.put_secret_value(SecretId=secret, SecretString=json.dumps(ring))
        answer = {"rotated": True, "current": ring["current"], "kept": sorted(ring["keys"])}
    print(json.dumps(answer))
    return answer


def rotated(ring: Ring | None, due: str, kept: int) -> Ring | None:
    """The ring with a new current key and at most `kept` of them; None where it was rotated for this order.

    Ids are `k` and a number that grows: an id is never given twice.
    """
    if ring is None:
        return {"current": "k1", "due": due, "keys": {"k1": _key()}}
    if due and ring.get("due") == due:
        return None
    newest = max(int(name[1:]) for name in ring["keys"])
    current = f"k{newest + 1}"
    keys = {**ring["keys"], current: _key()}
    staying = sorted(keys, key=lambda name: int(name[1:]))[-kept:]
    return {"current": current, "due": due, "keys": {name: keys[name] for name in staying}}


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _ring(client: Any, secret: str) -> Ring | None:
    try:
        text = client.get_secret_value(SecretId=secret)["SecretString"]
    except ClientError as refused:
        if refused.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise
    try:
        ring: Ring = json.loads(text)
        if ring["current"] in ring["keys"] and all(name[1:].isdigit() for name in ring["keys"]):
            return ring
    except (ValueError, KeyError, TypeError):
        pass
    # Its content is told to nobody.
    raise BrokenRing(f"the secret {secret} holds no ring of keys; put one there, or delete its versions")
