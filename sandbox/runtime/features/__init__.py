"""The feature store: online the latest record of each entity, offline every one that was written."""
