"""Building blocks that know no domain word and read no settings: they take values as arguments and raise."""
