"""The script needs cosmic-ray, which the tests do not."""

collect_ignore_glob = ["*.py"]
