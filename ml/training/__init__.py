"""Training: gradient boosting that stops early, survives an interruption and gives the same model again."""
