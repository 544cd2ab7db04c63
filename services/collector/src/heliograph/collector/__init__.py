"""Polls the devices and records what they say: the only owner of every line and Modbus socket."""
