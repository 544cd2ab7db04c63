"""Scripts (spec 4.3): each in a process of its own, supervised, with the plant at hand through `wd`."""
