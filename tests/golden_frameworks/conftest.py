"""Nothing here is a test: the scripts need libraries that the tests do without."""

collect_ignore = ["frameworks.py", "make_golden.py"]
