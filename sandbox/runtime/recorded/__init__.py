"""What the emulator has no operations for: checked, kept and given back, and nothing more."""
