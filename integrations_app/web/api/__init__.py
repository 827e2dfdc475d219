"""The REST API v1: a thin skin over the services that the pages use."""
