"""components: the pieces that pages are made of; each a function with typed vars."""
