"""Features: what was known at a moment, as Ibis expressions over tables of events."""
