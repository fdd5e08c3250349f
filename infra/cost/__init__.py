"""What it costs, and who hears of it."""
