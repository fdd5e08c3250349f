"""IAM: policy documents."""

from __future__ import annotations

from typing import Final

from sandbox.aws.invokes import Functions
from sandbox.aws.policy_document import policy_document

FUNCTIONS: Final[Functions] = {
    "aws:iam/getPolicyDocument:getPolicyDocument": lambda _, arguments: policy_document(arguments),
}
