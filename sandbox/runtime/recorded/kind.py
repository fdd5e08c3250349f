"""How a recorded kind of resource is described: its operations, its name, and what the service adds to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.runtime.overlay import Caller, Cloud, Params

Answer = Callable[[Params, Caller], Params]
"""An operation about no resource of the account's: what the service itself offers."""
Compute = Callable[[Params], Any]
"""A member out of the document as it stands so far."""

Act = Callable[[Params, Params], tuple[Params, Params | None]]
"""(request, document) -> (answer, the document as it is then). None forgets the document."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """An operation that gives several: all, or those that the request names or asks for."""

    operation: str
    member: str
    """The answer's list."""
    chosen: str = ""
    """The request's list of keys or ARNs, where it names some."""
    where: tuple[str, ...] = ()
    """Members of the request that the documents must equal, where they are given."""
    as_names: bool = False
    """The list holds the keys alone."""


def _nothing(_: Any) -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class Owner:
    """What a resource stands in, of another kind of the same service: there is none without it."""

    name: str
    """The other kind's name."""
    key: Mapping[str, str]
    """The owner's members that name it -> the members that hold them here."""
    refuses: Callable[[Params], str | None] = _nothing
    """Why the owner, as it stands, would not take one, if it would not."""
    gives: tuple[str, ...] = ()
    """Members that are as the owner has them, where the request does not say."""
    bars_deletion: bool = False
    """Whether the owner stays while there is one; otherwise it goes with its owner."""
    missing: str = "ResourceNotFoundException"
    missing_status: int = 404
    in_use: str = "ResourceInUseException"
    in_use_status: int = 409


@dataclass(frozen=True, kw_only=True)
class RecordedKind:
    """One kind of resource that is kept as it was given.

    Texts in `arn` and `made` are templates over the document and `{account}`, `{region}`, `{partition}`,
    `{id}` (a fresh 36-digit identifier), `{short}` (its first 17 hex digits) and `{now}` (the present time,
    which alone becomes a timestamp).
    """

    service: str
    """The signing name, such as `access-analyzer`."""
    name: str
    """For a person: `restore testing plan`."""
    create: str
    key: tuple[str, ...] = ()
    """The members that name it, among the request's or among `made`. None: an account has one a region."""
    numbered: str = ""
    """The member of `key` that the service counts up from 1, among those alike in the others."""
    body: str = ""
    """The member of the request to create and update that holds the description; its members are kept as if
    they stood in the request itself. Of a list the one entry."""
    arn: str = ""
    arn_member: str = ""
    """Where the ARN is shown; the last of `key` may be it."""
    made: Mapping[str, str | Compute] = field(default_factory=dict)
    """What the service adds, in this order."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    answer: tuple[str, ...] | None = None
    """The members of the answer to `create`; None: all that its shape has, `described` wrapped around."""
    describe: str = ""
    described: str = ""
    """The member of the answer that holds the description."""
    shows: Mapping[str, Compute] = field(default_factory=dict)
    """Members that the service shows otherwise than they were given."""
    update: str = ""
    replaces: bool = False
    """An update puts a whole new description, save for what it has no member for; otherwise it changes the
    members that it gives."""
    merges: tuple[str, ...] = ()
    """Members whose own members an update changes one by one."""
    touched: Mapping[str, str | Compute] = field(default_factory=dict)
    """What the service sets at each update."""
    delete: str = ""
    listings: Sequence[Listing] = ()
    asks: Mapping[str, str] = field(default_factory=dict)
    """Members of requests that name it otherwise: `{"AnalyzerArn": "arn"}`, from the request's member to the
    document's."""
    finds: Callable[[Params], Params] = lambda _: {}
    """Members of `key` that a request's other members tell."""
    tags_in: str = "Tags"
    """The request's member that holds its tags."""
    exists: str = "ConflictException"
    missing: str = "ResourceNotFoundException"
    missing_status: int = 400
    others: Mapping[str, Act] = field(default_factory=dict)
    """Further operations on one of them."""
    needs: Callable[[Params], str | None] = lambda _: None
    """Why the service would refuse the request to create, if it would."""
    copied: bool = False
    """The emulator makes one too, of which it loses half, for what it does with it (a crawl, a query); and it
    is asked about one that is not recorded, such as those that every account has."""
    copy: Callable[[Params], Params] = lambda params: params
    """The request to create, as the emulator takes it."""
    forwards: tuple[str, ...] = ()
    """Those of `others` that the emulator's own is told of too."""
    adopts: tuple[str, ...] = ()
    """Members of the emulator's answer that a copied one takes over: the id by which it knows its own."""

    within: Owner | None = None
    brings: Callable[[Cloud, Params, Caller], Params] = lambda _cloud, _document, _caller: {}
    """Makes what comes with it elsewhere, such as a security group; gives members to add to the document."""
    takes: Callable[[Cloud, Params, Caller], None] = lambda _cloud, _document, _caller: None
    """Removes what came with it."""
    counts: Callable[[Params], bool] = lambda _: True
    """Whether a document is a resource that a destroy would have to take away."""

    def operations(self) -> frozenset[str]:
        """Every operation that the kind answers."""
        named = {self.create, self.describe, self.update, self.delete, *self.others}
        return frozenset(filter(None, {*named, *(listing.operation for listing in self.listings)}))


@dataclass(frozen=True, kw_only=True)
class TagOperations:
    """How a service tags by ARN."""

    service: str
    tag: str = "TagResource"
    untag: str = "UntagResource"
    list: str = "ListTagsForResource"
    resource: str = "ResourceArn"
    tags: str = "Tags"
    added: str = ""
    """The request's member that holds the tags, where it is not `tags`."""
    keys: str = "TagKeys"
    as_map: bool = False
    """Whether tags are a map, and not a list of keys and values."""
    key_member: str = "Key"
    value_member: str = "Value"
    missing: str = "ResourceNotFoundException"
    """How it refuses an ARN that is not there."""
    missing_status: int = 404
    emulated: bool = False
    """Whether the emulator tags this service's other resources."""
    any_resource: bool = False
    """Whether tags are kept for whatever ARN is given: for resources of the emulator that it cannot tag."""
