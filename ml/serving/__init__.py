"""Serving: the handlers that travel in the archive of a model."""
