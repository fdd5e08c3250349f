"""Code of the platform's Lambda functions: a folder each, which travels without the rest of `infra`."""
