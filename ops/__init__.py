"""The `groundplan` command: how people operate the platform."""
