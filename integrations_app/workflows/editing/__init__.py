"""Edits of a workflow's draft: typed commands with inverses, kept as a history that each person undoes and redoes."""
