"""Models on the same rows, which of them is better, and whether by more than chance."""
