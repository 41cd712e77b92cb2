"""CSV and its kin: records of delimited fields."""
