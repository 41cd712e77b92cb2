"""Nothing here is a test: the scripts need libraries that the tests do without."""

collect_ignore_glob = ["make_*.py"]
