"""The far side of scripts: a lean process that imports Lua once, and from which the process of each script is forked.

Nothing here imports another part of the gateway: what a script's process holds is paid for once a script.
"""
