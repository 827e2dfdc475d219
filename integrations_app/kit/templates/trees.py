"""JSON documents whose text leaves are templates: values are put into the parsed tree, never into its text."""

from collections.abc import Callable, Collection, Mapping

from integrations_app.errors import InvalidInput, MappingError
from integrations_app.kit.templates.expressions import FIELD, Segments
from integrations_app.kit.templates.template import Escape, parse
from integrations_app.kit.templates.values import Budget

MAX_TREE_DEPTH = 32
MAX_TREE_NODES = 10_000

Leaf = Callable[[str, str], object]


def tree_variables(tree: object, place: str = "") -> list[Segments]:
    """Parse every text leaf of `tree` and list the paths they read, each once.

    InvalidInput `template_invalid` with one field per bad leaf, named by its dotted path below `place`.
    """
    found: dict[Segments, None] = {}
    problems: dict[str, str] = {}

    def read(text: str, leaf: str) -> None:
        try:
            found.update(dict.fromkeys(parse(text).variables()))
        except InvalidInput as error:
            problems[leaf or FIELD] = error.fields[FIELD]

    _Walk(read).visit(tree, place, 0)
    if problems:
        raise InvalidInput(problems, "", "template_invalid")
    return list(found)


def render_json_tree(
    tree: object, values: Mapping[str, object], escape: Escape | None = None, keys: Collection[str] = ()
) -> object:
    """A copy of `tree` with its text leaves rendered; keys and other leaves stay as they are.

    Texts put into a leaf go through `escape`, with `keys` only in leaves below one of these keys. The result is
    plain JSON of at most 1 MiB. MappingError with one field per path that did not fit; InvalidInput
    `template_invalid` as `tree_variables` gives it.
    """
    budget = Budget()
    problems: dict[str, str] = {}

    def render(text: str, leaf: str) -> object:
        named = not keys or leaf.rpartition(".")[2] in keys
        try:
            return parse(text).render(values, budget, escape if named else None)
        except MappingError as error:
            problems.update(error.fields)
            return None

    result = _Walk(render).visit(tree, "", 0)
    if problems:
        raise MappingError(problems)
    return result


class _Walk:
    """One visit of all leaves, bounded in depth and number."""

    def __init__(self, leaf: Leaf) -> None:
        self._leaf = leaf
        self._left = MAX_TREE_NODES

    def visit(self, tree: object, place: str, depth: int) -> object:
        self._left -= 1
        if depth > MAX_TREE_DEPTH or self._left < 0:
            raise InvalidInput(
                {place or FIELD: "the document is too large or nested too deeply"}, "", "template_invalid"
            )
        if isinstance(tree, str):
            return self._leaf(tree, place)
        if isinstance(tree, Mapping):
            return {str(key): self.visit(value, _below(place, str(key)), depth + 1) for key, value in tree.items()}
        if isinstance(tree, list | tuple):
            return [self.visit(value, _below(place, str(index)), depth + 1) for index, value in enumerate(tree)]
        if tree is None or isinstance(tree, bool | int | float):
            return tree
        raise InvalidInput({place or FIELD: "is not plain data"}, "", "template_invalid")


def _below(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
