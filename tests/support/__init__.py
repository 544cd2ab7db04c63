"""Real peers for tests: each module starts one kind of server and ends it."""
