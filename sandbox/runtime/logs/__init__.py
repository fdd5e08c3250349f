"""Logs: what is made of the events that jobs, functions and clients write."""
