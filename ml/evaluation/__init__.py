"""Evaluation: metrics of a binary classifier, and the page that shows them."""
