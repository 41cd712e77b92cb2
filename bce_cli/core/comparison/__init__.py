"""Two or more models on the same rows: whose loss is lower, by how much, and is that real."""
