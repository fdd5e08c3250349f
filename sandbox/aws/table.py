"""What a row of the table of types says: how one Pulumi type lives on one AWS service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from sandbox.aws.cloud import Cloud
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap, PropertyValue

Params = dict[str, Any]
"""An operation's parameters or answer, with the service model's member names."""

Tier = Literal["native", "overlay", "recorded", "run"]
"""How far the emulated cloud carries a type.

`native`: the emulator does it. `overlay`: the emulator loses fields, and the stored inputs are the truth.
`recorded`: there is no such operation; inputs are validated and kept. `run`: the sandbox's runtime does it.
"""


@dataclass(frozen=True)
class Subject:
    """The resource that a call is about. `inputs` are plain: no secrets, no references, no unknowns."""

    cloud: Cloud
    inputs: PropertyMap
    id: str = ""
    found: Params = field(default_factory=dict)
    """What the service answered: the create's answer, then what the read found."""
    before: PropertyMap = field(default_factory=dict)
    """The inputs before an update; empty in a create."""
    outputs: PropertyMap = field(default_factory=dict)
    """The outputs before an update or a delete."""

    def with_found(self, found: Params, id: str | None = None) -> Subject:
        return replace(self, found=found, id=self.id if id is None else id)

    def at(self, path: str) -> Any:
        """The value at `Vpc.VpcId` or `Vpcs.0.VpcId` in what was found; None where there is none."""
        return at(self.found, path)


def at(document: Any, path: str) -> Any:
    """The value at a dotted path with list indexes, or None."""
    for part in path.split(".") if path else ():
        if isinstance(document, Mapping):
            document = document.get(part)
        elif isinstance(document, Sequence) and not isinstance(document, str):
            index = int(part)
            document = document[index] if index < len(document) else None
        else:
            return None
    return document


def _nothing(_: Subject) -> Params:
    return {}


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request. Properties become the members whose names differ only in case or in a plural's ending."""

    operation: str
    """As the service model spells it: `CreateKey`."""
    sends: tuple[str, ...] | None = None
    """The properties that it sends; None for every one that has a member."""
    omits: tuple[str, ...] = ()
    """Properties that it does not send though there is a member of that name."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Where the case does not tell: property path without indexes -> member, dotted from the request's root
    for a top-level property, from its object for a nested one. An empty member: not sent."""
    adds: Callable[[Subject], Params] = _nothing
    """Parameters that are not plain inputs; they win over the inputs."""
    fills: tuple[str, ...] = ()
    """Required nested members that `adds` gives, so that the inputs need not."""


Action = Call | Callable[[Subject], Any]
"""A request from the table, or code where a request does not say it all."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """What brings properties about, after the create and whenever one of them changes."""

    on: tuple[str, ...]
    """Empty: at every create, and never again."""
    do: Action
    undo: Action | None = None
    """Where all of them are gone; None: `do` copes with that."""
    at_create: bool = True
    """False where the create has sent these properties itself."""


@dataclass(frozen=True, kw_only=True)
class AutoName:
    """How a resource that the program leaves nameless is called: `<logical name>-<7 hex digits>`."""

    property: str = "name"
    random: bool = True
    """False: the logical name alone, as for the keys of S3's objects."""
    prefix_property: str | None = "namePrefix"
    limit: int = 255
    starts_with: str = ""
    ends_with: Callable[[PropertyMap], str] = lambda _: ""


TagStyle = Literal["list", "lower", "map", "kms", "ec2"]
"""`list`: objects with Key and Value; `lower`: with key and value."""


@dataclass(frozen=True, kw_only=True)
class Tags:
    """How the service takes tags. Without `set`, a change of tags goes through the type's own steps."""

    style: TagStyle = "list"
    at_create: str | None = "Tags"
    """The member of the create's request; None where they are set afterwards."""
    ec2_kind: str = ""
    """What EC2's TagSpecifications call the resource."""
    set: str | None = None
    unset: str | None = None
    target: Callable[[Subject], Params] = _nothing
    """The parameters that name the resource in `set`, `unset` and `list`."""
    member: str = "Tags"
    keys: str = "TagKeys"
    list: str | None = None
    """The operation that lists them; None where the read's answer holds them under `member`."""
    listed: str = "Tags"
    replaces_all: Callable[[Subject, Mapping[str, str]], None] | None = None
    """For services that only take the whole set at once."""


def _no_failures(_: PropertyMap) -> Iterable[CheckFailure]:
    return ()


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """One Pulumi type. A property that no step, no tag and no `local` covers forces a replacement."""

    type: str
    """The token, such as `aws:s3/bucket:Bucket`."""
    service: str
    tier: Tier
    create: Action
    """A callable returns the answer that `id` looks into."""
    id: Callable[[Subject], str]
    read: Callable[[Subject], Params | None]
    """What the service knows of `subject.id`, or None where it is gone."""
    delete: Action | None
    """None: there is nothing to delete on its own."""
    steps: tuple[Step, ...] = ()
    local: tuple[str, ...] = ()
    """Properties that change nothing in the cloud."""
    fixed: tuple[str, ...] = ()
    """Paths without indexes within properties that change in place, whose own change needs a replacement."""
    outputs: Mapping[str, str | Callable[[Subject], PropertyValue]] = field(default_factory=dict)
    """Computed outputs: a path in what was found, or code."""
    echoes: Mapping[str, str | Callable[[Subject], PropertyValue]] = field(default_factory=dict)
    """Inputs that the emulator gives back faithfully, and where: drift shows there, an import reads them."""
    known_id: Callable[[Subject], str] | None = None
    """The id, where the inputs alone tell it."""
    find: Callable[[Subject, frozenset[str]], str | None] | None = None
    """The id of the resource that these inputs made, where they do not tell it; never one of those given."""
    exclusive: bool = False
    """The emulator would quietly make a second one of the same name: look first."""
    auto_name: AutoName | None = None
    place: tuple[str, ...] = ()
    """The inputs that say where it stands: a second one of the same place cannot be made while this one is
    there. The automatic name's property, where nothing is said."""
    unsupported: tuple[str, ...] = ()
    """Properties that the sandbox does not carry out and therefore refuses."""
    checked: tuple[Call, ...] = ()
    """Requests that code makes: their parameters are checked like the others."""
    defaults: Mapping[str, PropertyValue] = field(default_factory=dict)
    tags: Tags | None = None
    documents: tuple[str, ...] = ()
    """Properties that hold JSON: compared by meaning."""
    unordered: tuple[str, ...] = ()
    """Lists whose order says nothing: `subnetIds`, or `vpcConfig.subnetIds` inside an object."""
    secrets: tuple[str, ...] = ()
    """Outputs that are always secret."""
    volatile: tuple[str, ...] = ()
    """Computed outputs that an update may change."""
    completed: tuple[str, ...] = ()
    """Objects among the inputs that the service adds members to, which `outputs` shows."""
    checks: Callable[[PropertyMap], Iterable[CheckFailure]] = _no_failures
    """What AWS refuses at deploy and no service model says. Values may be UNKNOWN."""

    replaced_by: Callable[[PropertyMap, PropertyMap], Iterable[str]] = lambda _old, _new: ()
    """Properties that change in place as a rule, and by these old and new inputs do not."""

    def updatable(self) -> frozenset[str]:
        """The properties that change in place."""
        covered = {name for step in self.steps for name in step.on} | set(self.local)
        return frozenset(covered | ({"tags", "tagsAll"} if self.tags else set()))

    def calls(self) -> Iterable[Call]:
        """Every request that carries inputs."""
        for action in (self.create, *(step.do for step in self.steps), *self.checked):
            if isinstance(action, Call):
                yield action


NOTHING_TO_READ: Final[Params] = {}
