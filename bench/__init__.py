"""Measures the product against yardsticks written here: `make bench`; only ratios within one run mean something."""
