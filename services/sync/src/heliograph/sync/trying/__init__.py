"""A server tried out step by step, in a process of its own that ends with the test: what it loads is gone with it.

`job` is what the process is told, `course` how it tells of its steps; `reaching` is the way to the server, `storing`
what comes after the login to a file server, `messaging` the same for MQTT; `process` is this service's side of it.
"""
