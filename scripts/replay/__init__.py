"""The cases of `scripts/replay.py`, part by part."""
