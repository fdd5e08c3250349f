"""The zones of data."""
