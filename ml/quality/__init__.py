"""Quality: what sources must be, what is said of one that is not, and what becomes of its bad rows."""
