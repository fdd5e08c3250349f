"""From a registered model to answers."""
