"""Container images that are built here: read from a Dockerfile, kept by digest, run as processes."""
