"""The recorded kinds of resources, one file a service."""
