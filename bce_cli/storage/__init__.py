"""Where files are kept: folders, object stores, web servers."""
