"""What `bce calibration` found, as tables, records, diagrams and pictures."""
