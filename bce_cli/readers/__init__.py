"""The only package that opens inputs: bytes to pieces, pieces to validated rows."""
