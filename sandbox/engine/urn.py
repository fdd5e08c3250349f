"""How resources are named: `urn:pulumi:<stack>::<project>::<parent type>$<type>::<name>`."""

from __future__ import annotations

ROOT_STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"


def make(stack: str, project: str, parent: str, type: str, name: str) -> str:
    """The URN of a resource below `parent` (a URN or "")."""
    parent_type = qualified_type(parent) if parent else ""
    if parent_type and parent_type != ROOT_STACK_TYPE:
        type = f"{parent_type}${type}"
    return f"urn:pulumi:{stack}::{project}::{type}::{name}"


def qualified_type(urn: str) -> str:
    """The type with those of its parents: `a:b:Parent$a:b:Child`."""
    return urn.split("::", 3)[2]


def type_of(urn: str) -> str:
    """The resource's own type token."""
    return qualified_type(urn).rsplit("$", 1)[-1]


def name_of(urn: str) -> str:
    """The resource's name in the program."""
    return urn.split("::", 3)[3]


def is_valid(urn: str) -> bool:
    """Whether the text has the form of a URN."""
    return urn.startswith("urn:pulumi:") and urn.count("::") >= 3


def package_of(token: str) -> str:
    """The package of a type or function token; for a provider's own type, the package that it provides."""
    if token.startswith(PROVIDER_PREFIX):
        return token[len(PROVIDER_PREFIX) :]
    return token.split(":", 1)[0]


def is_provider_type(type: str) -> bool:
    """Whether resources of this type are providers."""
    return type.startswith(PROVIDER_PREFIX)


def split_reference(reference: str) -> tuple[str, str]:
    """A provider reference `<urn>::<id>` as its two parts."""
    urn, _, id = reference.rpartition("::")
    return urn, id
