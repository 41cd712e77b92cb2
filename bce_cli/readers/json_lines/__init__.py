"""JSON Lines: an object on each line."""
