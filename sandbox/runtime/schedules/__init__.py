"""Rules and schedules that fire by the clock."""
