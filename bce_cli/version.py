"""Which version this is; by itself, so that whoever tells of it imports nothing else."""

__version__ = "0.1.0"
