"""The command `experiment`: a challenger in shadow, in an A/B test, in the champion's place or not."""
