"""A package, so that what its fixtures keep running ends with its last test."""
