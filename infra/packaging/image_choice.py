"""How is an image chosen in the settings? By a word, or by its URI."""

import re
from typing import Annotated

from pydantic import AfterValidator

FRAMEWORK = "framework"
"""AWS's own image for XGBoost."""
BUILT = "built"
"""The image that the platform builds (`groundplan:images`)."""
_URI = re.compile(
    r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[a-z.]+/(?P<repository>[^:@]+)([:@].+)?"
)


def _known(choice: str) -> str:
    if choice not in (FRAMEWORK, BUILT) and not _URI.fullmatch(choice):
        raise ValueError(
            f"{FRAMEWORK}, {BUILT}, or an image in Amazon ECR, such as "
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/training:1"
        )
    return choice


ImageChoice = Annotated[str, AfterValidator(_known)]
"""`framework`, `built`, or the URI of an image in Amazon ECR."""


def repository_of(uri: str, partition: str) -> str:
    """The ARN of the repository that an image of ECR lies in. Raises ValueError for any other URI."""
    match = _URI.fullmatch(uri)
    if match is None:
        raise ValueError(f"{uri!r} is no image of Amazon ECR")
    return f"arn:{partition}:ecr:{match['region']}:{match['account']}:repository/{match['repository']}"
