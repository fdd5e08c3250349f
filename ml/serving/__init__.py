"""Serving: the server of the inference image, and the framework image's handlers. Deployed alone."""
