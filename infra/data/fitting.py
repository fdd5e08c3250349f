"""Do the use case and the way in which its events are read go together?"""

from collections.abc import Sequence

from infra.data.declared import declared
from infra.data.streaming import StreamingSettings
from infra.settings.block import Misfit


def stream_misfits(use_case: str, streaming: StreamingSettings) -> Sequence[Misfit]:
    """What is wrong between `useCase` and `streaming`: batches side by side overtake each other's events."""
    parallel = streaming.consumer.parallel
    if not declared(use_case).stream or parallel == 1:
        return []
    allowed = f"1 with useCase {use_case}, which asks its model by the time of the events; take more shards"
    return [Misfit("streaming.consumer.parallel", parallel, allowed)]
