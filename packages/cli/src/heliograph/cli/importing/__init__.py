"""`heliograph import`: makes definition files from what others have written down, one module a source."""
