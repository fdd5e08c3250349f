"""What is deployed: one component a file, composed by `infra/platform.py`."""
