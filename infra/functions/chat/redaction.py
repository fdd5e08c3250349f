"""What must never stand in a message? Whatever looks like a credential is shown as `[secret]`."""

import re
from dataclasses import replace

from .notice import Notice

_SHOWN = "[secret]"
_SECRETS = (
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"https://hooks\.slack\.com/\S+"),
    re.compile(r"https://\S+/(?:workflows|webhook\w*)/\S*[?&]sig=\S+"),
    re.compile(r"\bxox[abeoprs]-[\w-]+"),
    re.compile(r"\bgh[opsu]_\w{20,}"),
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"),
)
_SIGNED = re.compile(r"(?i)(X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s]+")
_NAMED = re.compile(
    r"""(?ix) \b( (?:[\w-]*(?:password|passwd|secret|secret[_-]?(?:access[_-]?)?key|api[_-]?key|token))
        ["']? \s* [=:] \s* ["']? ) (?!\[secret\]) [^\s"',;&]{6,} """
)


def without_secrets(notice: Notice) -> Notice:
    """The notice as it may be shown in a channel. Links stay as they are: their URLs are ours or AWS's."""
    return replace(
        notice,
        heading=redacted(notice.heading),
        texts=tuple(map(redacted, notice.texts)),
        facts=tuple((label, redacted(value)) for label, value in notice.facts),
    )


def redacted(text: str) -> str:
    """The text with `[secret]` in the place of each credential."""
    for pattern in _SECRETS:
        text = pattern.sub(_SHOWN, text)
    return _NAMED.sub(rf"\1{_SHOWN}", _SIGNED.sub(rf"\1{_SHOWN}", text))
