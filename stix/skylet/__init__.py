"""The agent on a node: a job queue, its log files, its timers. Standard library only, Python 3.8+."""

VERSION = "1"
"""Changes when what the agent says or stores changes."""
