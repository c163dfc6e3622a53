"""Labelled turns -> conversations that teach what the logs do not show: `generate.generate`.

Nothing is imported here: settings are read by every command, and the stage itself by few.
"""
