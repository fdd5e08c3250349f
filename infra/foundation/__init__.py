"""What every component stands on: place, keys, roles, logs, alarms, functions."""
