"""Looking back at the records of the last weeks: series, rows, and files to download.

Nothing is imported here: the process that writes Parquet imports one module of this package and is to stay small.
"""
