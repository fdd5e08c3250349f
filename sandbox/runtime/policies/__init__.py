"""What policy documents say: of buckets, topics, keys and functions."""
