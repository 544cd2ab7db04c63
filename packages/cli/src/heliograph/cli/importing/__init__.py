"""Definitions out of what others wrote: Telegraf's and Home Assistant's configuration, register tables, SunSpec models.

Each converter is pure: text in, `Imported` out, with a note for everything that was guessed or could not be carried
over. `command` is the thin layer of files and questions above them.
"""
