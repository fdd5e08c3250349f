"""What is looked at while a model serves."""
