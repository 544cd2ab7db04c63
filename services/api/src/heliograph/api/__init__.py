"""The local page and the REST API: a view of the bus."""
