"""The jobs, one a file: what each is asked with, and which rooms do its work."""
