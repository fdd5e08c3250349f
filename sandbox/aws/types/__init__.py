"""The table of types: one file a service, each with its `TYPES`."""
