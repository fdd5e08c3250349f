"""Functions that run their own code, each invocation in a process."""
