"""Settings: the layers that they come from, and the one tree that holds."""
