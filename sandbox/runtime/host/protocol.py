"""How an overlay's parameters are read from a request, and its answer or error written, in the service's
protocol.

JSON 1.0/1.1 and REST-JSON, which are what the overlays' services speak; errors in every protocol.
Rules: https://smithy.io/2.0/aws/protocols/
"""

from __future__ import annotations

import base64
import datetime
import json
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.utils import parse_timestamp

from sandbox.runtime.host.http import HttpAnswer, HttpRequest
from sandbox.runtime.host.operation import service_model
from sandbox.runtime.overlay import Params, ServiceError


def parse_json(operation: OperationModel, request: HttpRequest) -> Params:
    """The parameters of a JSON request. Raises ServiceError when the body is no JSON object."""
    if operation.input_shape is None:
        return {}
    return _structure_in(operation.input_shape, _document(request.body))


def parse_rest_json(operation: OperationModel, request: HttpRequest, in_path: Mapping[str, str]) -> Params:
    """The parameters of a REST-JSON request: from the path, the query, the headers and the body."""
    shape = operation.input_shape
    if shape is None:
        return {}
    params: Params = {}
    query = parse_qs(request.query, keep_blank_values=True)
    payload = shape.serialization.get("payload")
    for name, member in shape.members.items():
        place, wire = member.serialization.get("location"), member.serialization.get("name", name)
        if place == "uri":
            params[name] = _text_in(member, in_path[wire])
        elif place == "querystring" and wire in query:
            values = [_text_in(member, value) for value in query[wire]]
            params[name] = values if member.type_name == "list" else values[-1]
        elif place == "header" and wire.lower() in request.header:
            params[name] = _text_in(member, request.header[wire.lower()])
    if payload:
        member = shape.members[payload]
        is_blob = member.type_name == "blob"
        if request.body:
            params[payload] = request.body if is_blob else _value_in(member, _document(request.body))
    elif request.body:
        body = _document(request.body)
        in_body = {name: m for name, m in shape.members.items() if "location" not in m.serialization}
        params.update(_members_in(in_body, body))
    return params


def json_answer(operation: OperationModel, answer: Params) -> HttpAnswer:
    """The answer of a JSON operation."""
    shape = operation.output_shape
    body = json.dumps(_structure_out(shape, answer) if shape else {}, separators=(",", ":")).encode()
    version = operation.service_model.metadata.get("jsonVersion", "1.1")
    return HttpAnswer(200, (("content-type", f"application/x-amz-json-{version}"), *_identified()), body)


def rest_json_answer(operation: OperationModel, answer: Params) -> HttpAnswer:
    """The answer of a REST-JSON operation; a member of location `statusCode` sets the status."""
    shape = operation.output_shape
    status = int(operation.http.get("responseCode", 200))
    headers = [("content-type", "application/json"), *_identified()]
    if shape is None:
        return HttpAnswer(status, tuple(headers), b"")
    in_body: dict[str, Any] = {}
    body: bytes | None = None
    payload = shape.serialization.get("payload")
    for name, value in answer.items():
        member = shape.members.get(name)
        if member is None or value is None:
            continue
        place, wire = member.serialization.get("location"), member.serialization.get("name", name)
        if place == "statusCode":
            status = int(value)
        elif place == "header":
            # A body's own type takes the place of the protocol's.
            headers = [header for header in headers if header[0] != wire.lower()]
            headers.append((wire.lower(), str(value)))
        elif name == payload:
            body = (
                bytes(value) if member.type_name == "blob" else json.dumps(_value_out(member, value)).encode()
            )
        else:
            in_body[wire] = _value_out(member, value)
    if body is None:
        body = b"" if payload else json.dumps(in_body, separators=(",", ":")).encode()
    return HttpAnswer(status, tuple(headers), body)


def error_answer(service: str, code: str, message: str, status: int = 400) -> HttpAnswer:
    """An error as the service's protocol writes it."""
    try:
        protocol = service_model(service).resolved_protocol
    except UnknownServiceError:
        protocol = "json"
    if protocol in {"rest-xml", "query", "ec2"}:
        text = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
        if protocol == "query":
            text = f"<ErrorResponse><Error><Type>Sender</Type>{text}</Error></ErrorResponse>"
        elif protocol == "ec2":
            text = f"<Response><Errors><Error>{text}</Error></Errors></Response>"
        else:
            text = f"<Error>{text}</Error>"
        body = f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()
        return HttpAnswer(status, (("content-type", "text/xml"), *_identified()), body)
    body = json.dumps({"__type": code, "message": message, "Message": message}).encode()
    headers = (("content-type", "application/json"), ("x-amzn-errortype", code), *_identified())
    return HttpAnswer(status, headers, body)


def _identified() -> tuple[tuple[str, str], ...]:
    return (("x-amzn-requestid", str(uuid.uuid4())),)


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body or b"{}")
    except ValueError as wrong:
        raise ServiceError("SerializationException", f"The body is not JSON: {wrong}") from wrong
    if not isinstance(document, dict):
        raise ServiceError("SerializationException", "The body is not a JSON object.")
    return document


def _structure_in(shape: StructureShape, document: Mapping[str, Any]) -> Params:
    return _members_in(shape.members, document)


def _members_in(members: Mapping[str, Shape], document: Mapping[str, Any]) -> Params:
    found = {}
    for name, member in members.items():
        value = document.get(member.serialization.get("name", name))
        if value is not None:
            found[name] = _value_in(member, value)
    return found


def _value_in(shape: Shape, value: Any) -> Any:
    try:
        if isinstance(shape, StructureShape):
            return value if shape.is_document_type else _structure_in(shape, value)
        if isinstance(shape, ListShape):
            return [_value_in(shape.member, item) for item in value]
        if isinstance(shape, MapShape):
            return {key: _value_in(shape.value, item) for key, item in value.items()}
        if shape.type_name == "timestamp":
            return parse_timestamp(value)
        if shape.type_name == "blob":
            return base64.b64decode(value)
    except (AttributeError, TypeError, ValueError) as wrong:
        message = f"{value!r} is not a {shape.type_name} ({shape.name})."
        raise ServiceError("SerializationException", message) from wrong
    return value


def _text_in(shape: Shape, text: str) -> Any:
    kind = shape.type_name
    if kind == "boolean":
        return text == "true"
    try:
        if kind in {"integer", "long"}:
            return int(text)
        if kind in {"float", "double"}:
            return float(text)
        if kind == "timestamp":
            return parse_timestamp(text)
    except ValueError as wrong:
        raise ServiceError("SerializationException", f"{text!r} is not a {kind} ({shape.name}).") from wrong
    return text


def _structure_out(shape: StructureShape, values: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name, member in shape.members.items():
        if values.get(name) is not None:
            found[member.serialization.get("name", name)] = _value_out(member, values[name])
    return found


def _value_out(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape):
        return value if shape.is_document_type else _structure_out(shape, value)
    if isinstance(shape, ListShape):
        return [_value_out(shape.member, item) for item in value]
    if isinstance(shape, MapShape):
        return {key: _value_out(shape.value, item) for key, item in value.items()}
    if isinstance(value, datetime.datetime):
        if shape.serialization.get("timestampFormat") == "iso8601":
            return value.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value
