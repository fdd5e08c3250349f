"""A use case to learn from: is a website a phishing site? Put this folder into `ml/`."""
