"""The files that a gateway and its servers exchange: parse, validate, write. Pure: text in, values and findings out."""
