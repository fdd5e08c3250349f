"""The local chat channel, in the place of the team's own."""
