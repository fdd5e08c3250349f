"""Privacy: who a row is about, and how that is kept out of everything after the reading."""
