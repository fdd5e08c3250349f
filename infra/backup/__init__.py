"""Recovery points: where they are kept, when they are made, and whether they can be restored."""
