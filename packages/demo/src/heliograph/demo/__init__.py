"""The simulated plant, the local servers, and the launcher that runs the whole job without Docker."""
