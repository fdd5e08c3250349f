"""From an event to the team's channel."""
