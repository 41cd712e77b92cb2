"""Maps that recalibrate predictions: what they are, how they are fitted, and which to choose."""
