"""One file a kind of model: how it is loaded and how it answers a batch of rows."""
