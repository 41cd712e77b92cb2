"""Whether predicted probabilities mean what they say, and what is lost where they do not."""
