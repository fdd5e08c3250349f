"""Chat: posts what happened, as a team reads it, to a channel's webhook."""
