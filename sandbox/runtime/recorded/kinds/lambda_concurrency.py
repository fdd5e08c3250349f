"""Lambda: copies of functions that are kept warm. In the sandbox every copy is."""

from __future__ import annotations

from sandbox.runtime.recorded.kind import RecordedKind

_MISSING = "ProvisionedConcurrencyConfigNotFoundException"

PROVISIONED_CONCURRENCY = RecordedKind(
    service="lambda",
    name="provisioned concurrency configuration",
    create="PutProvisionedConcurrencyConfig",
    key=("FunctionName", "Qualifier"),
    made={
        "RequestedProvisionedConcurrentExecutions": lambda it: it["ProvisionedConcurrentExecutions"],
        "AvailableProvisionedConcurrentExecutions": lambda it: it["ProvisionedConcurrentExecutions"],
        "AllocatedProvisionedConcurrentExecutions": lambda it: it["ProvisionedConcurrentExecutions"],
        "Status": "READY",
    },
    touched={
        "RequestedProvisionedConcurrentExecutions": lambda it: it["ProvisionedConcurrentExecutions"],
        "AvailableProvisionedConcurrentExecutions": lambda it: it["ProvisionedConcurrentExecutions"],
        "AllocatedProvisionedConcurrentExecutions": lambda it: it["ProvisionedConcurrentExecutions"],
    },
    describe="GetProvisionedConcurrencyConfig",
    update="PutProvisionedConcurrencyConfig",
    delete="DeleteProvisionedConcurrencyConfig",
    missing=_MISSING,
    missing_status=404,
)

KINDS = (PROVISIONED_CONCURRENCY,)
