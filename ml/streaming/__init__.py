"""Streaming: what is known now, by the time of the events. It is a function: standard library and boto3 alone."""
