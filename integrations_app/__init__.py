"""Integrations: a self-hosted hub that connects services once, safely, and runs workflows on them."""
