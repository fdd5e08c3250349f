"""Delivery streams of Firehose: records are gathered, and written to S3 in objects."""
