"""Budgets, the spend that they are compared with, and the notices that they send."""
