"""Streaming: what is known now, by the events' own time? A function: standard library and boto3 alone."""
