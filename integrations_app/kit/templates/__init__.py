"""Templates without logic: paths, literals and a closed list of filters over plain JSON; no code."""

from integrations_app.kit.templates.conditions import Condition, parse_condition
from integrations_app.kit.templates.filters import FILTERS
from integrations_app.kit.templates.template import MAX_TEMPLATE_CHARS, Escape, Template, parse
from integrations_app.kit.templates.trees import render_json_tree, tree_variables
from integrations_app.kit.templates.values import MAX_OUTPUT_BYTES

FILTER_NAMES = tuple(FILTERS)

__all__ = [
    "FILTER_NAMES",
    "MAX_OUTPUT_BYTES",
    "MAX_TEMPLATE_CHARS",
    "Condition",
    "Escape",
    "Template",
    "parse",
    "parse_condition",
    "render_json_tree",
    "tree_variables",
]
