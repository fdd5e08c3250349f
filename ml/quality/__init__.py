"""Quality: contracts of source files, and what is said of a file that breaks one."""
