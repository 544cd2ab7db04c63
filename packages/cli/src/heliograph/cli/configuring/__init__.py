"""`heliograph config`: the configuration of a running gateway, fetched, put, compared and taken back (spec 1.7)."""
