"""Lets `python -m integrations_app.cli` stand for the console script."""

from integrations_app.cli import main

main()
