"""Fail if a process is there whose command names a folder: tests have left it."""

import sys

import psutil

folder = sys.argv[1]
left = [
    process.info
    for process in psutil.process_iter(["pid", "cmdline"])
    if process != psutil.Process() and folder in " ".join(process.info["cmdline"] or ())
]
for process in left:
    print("left over:", process["pid"], *process["cmdline"])
sys.exit(bool(left))
