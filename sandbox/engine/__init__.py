"""A small Pulumi engine: the state, plans and steps of the official one, in Python."""
