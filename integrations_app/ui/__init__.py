"""The reactive user interface: the only package, beside the root and the start, that imports reflex."""
