"""The command `demo`: the whole loop of a model's life, before one's eyes."""
