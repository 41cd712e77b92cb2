"""The only package that opens inputs: bytes to blocks, blocks to validated rows."""
