"""What predictions must keep to pass, and whether they do."""
