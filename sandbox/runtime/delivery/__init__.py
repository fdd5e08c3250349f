"""What leaves the emulator for a function, a subscriber or an event's target, and how it arrives."""
