"""The platform: which stages there are, what each makes, and what it hands to the next."""

from typing import Any

from infra.foundation.place import Place
from infra.settings.loading import PlatformSettings
from infra.stages.data import prepare_data
from infra.stages.ground import lay_ground
from infra.stages.serving import serve
from infra.stages.training import train_models
from infra.stages.watching import watch_over


class Platform:
    """The whole of a stack, in reading order. A component stands in its stage's file, `infra/stages/`."""

    exports: dict[str, Any]
    """What the stack gives to the command and to other programs; docs/architecture.md, "Outputs"."""

    def __init__(self, settings: PlatformSettings, place: Place) -> None:
        # Encryption, Boundary, Notifications, Storage, Network, Logs, Identity, People, DeploymentAccess,
        # Packaging: keys, topics, zones, subnets, roles, and the code that runs on them.
        ground = lay_ground(settings, place)

        # DataPipeline (catalog, queries, Spark, workflow), Features, Streaming (Kinesis or Kafka, archive,
        # consumer, Flink): from what comes in to what a model learns from.
        data = prepare_data(settings, ground)

        # Images, ModelRegistry, TrainingPipeline, TrainingRuns (schedule, alerts on failures): from data to a
        # registered model.
        trained = train_models(settings, ground)

        # Endpoint or Batch, FrontDoor, Parking: from a released model to answers.
        serving = serve(settings, ground)

        # Drift, Retraining, Budget, Monitoring, Backup, Audit: who hears of what, and the way back.
        watched = watch_over(settings, ground, trained, serving)

        self.exports = {**ground.exports, **data, **trained.exports, **serving.exports, **watched}
