"""Event source mappings: what lies in a queue or a stream reaches a function in batches."""
