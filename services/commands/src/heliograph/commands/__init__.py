"""Executes commands, each once."""
