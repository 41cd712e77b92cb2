"""What `bce compare` found, for people and for programs."""
