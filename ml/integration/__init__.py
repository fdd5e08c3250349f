"""Integration: many sources become one table, the same wherever it is computed."""
