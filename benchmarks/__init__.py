"""What `make bench` runs: speed and memory, never a test."""
