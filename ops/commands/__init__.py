"""The commands of `groundplan`, a file for each kind; `ops.arguments` lists them.

A command is two functions that stand together: one that adds it with its arguments to the command line, and
one that imports what it needs, once it was typed, and does it.
"""
