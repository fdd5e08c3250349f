"""The code that runs on the platform, as archives and images."""
