"""Who did what in the account, whether it is as it should be, and who is told of a danger."""
