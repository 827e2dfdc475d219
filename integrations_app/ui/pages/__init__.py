"""One module per page: the page and its state."""
