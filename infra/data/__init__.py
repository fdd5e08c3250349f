"""From sources and events to data and features that can be trusted."""
