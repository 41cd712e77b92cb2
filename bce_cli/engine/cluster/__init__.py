"""Many machines: parts of the sources on a cluster of Dask, and the states they come to."""
