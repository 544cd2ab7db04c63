"""The pages of `docs/reference/`, one module a page, made from the tables of the code (`generate_reference.py`).

What the code has no words for – meanings, examples – stands here; each module compares its names with the code's, so
that a variable without a meaning, or a meaning without its variable, ends the generator.
"""
