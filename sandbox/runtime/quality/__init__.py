"""Glue's data quality: rulesets are evaluated on the files of a table of the catalog."""
