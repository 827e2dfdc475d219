"""How models become forms."""

from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, SecretStr

from integrations_app.kit.secret import Secret
from integrations_app.sdk.forms import (
    Choice,
    ChoicePage,
    ChoiceQuery,
    Choices,
    Json,
    Multiline,
    choices_of,
    form_fields,
)


async def load(_query: ChoiceQuery, _ctx: Any) -> ChoicePage:
    return ChoicePage(())


class Colour(Enum):
    DARK_RED = "red"


class Everything(BaseModel):
    plain: str
    lines: Annotated[str, Multiline(7)] = ""
    number: int = 3
    ratio: float = 0.5
    flag: bool = True
    pick: Literal["one_way", "GET"] = "GET"
    colour: Colour = Colour.DARK_RED
    secret: SecretStr | None = None
    ours: Secret | None = None
    picker: Annotated[str, Choices(load, ("plain",))] = ""
    several: Annotated[list[str], Choices(load)] = Field(default_factory=lambda: ["a"])
    pairs: dict[str, str] = {}
    tree: Annotated[dict[str, Any] | None, Json(9)] = None
    blocks: Annotated[list[dict[str, Any]] | None, Json()] = None
    anything: Annotated[Any, Json()] = None
    titled: str = Field(
        default="x",
        title="A title",
        description="Help.",
        json_schema_extra={"placeholder": "p", "show_when": ["flag", "true"]},
    )


FIELDS = {field.name: field for field in form_fields(Everything)}


@pytest.mark.parametrize(
    ("name", "widget", "kind"),
    [
        ("plain", "text", "string"),
        ("lines", "multiline", "string"),
        ("number", "number", "integer"),
        ("ratio", "number", "number"),
        ("flag", "checkbox", "boolean"),
        ("pick", "select", "string"),
        ("colour", "select", "string"),
        ("secret", "password", "string"),
        ("ours", "password", "string"),
        ("picker", "choices", "string"),
        ("several", "list", "array"),
        ("pairs", "pairs", "object"),
        ("tree", "json", "object"),
        ("blocks", "json", "array"),
        ("anything", "json", "any"),
    ],
)
def test_controls_and_types(name: str, widget: str, kind: str) -> None:
    assert (FIELDS[name].widget, FIELDS[name].type) == (widget, kind)


def test_order_labels_help_and_what_is_required() -> None:
    assert list(FIELDS) == list(Everything.model_fields)
    assert (FIELDS["plain"].label, FIELDS["plain"].required) == ("Plain", True)
    titled = FIELDS["titled"]
    assert (titled.label, titled.help, titled.required) == ("A title", "Help.", False)
    assert (titled.placeholder, titled.show_when) == ("p", ("flag", "true"))
    assert (FIELDS["lines"].rows, FIELDS["tree"].rows) == (7, 9)


def test_defaults_are_texts() -> None:
    found = {name: field.default for name, field in FIELDS.items()}
    assert (found["number"], found["ratio"], found["flag"], found["colour"]) == ("3", "0.5", "true", "red")
    assert (found["several"], found["pairs"], found["tree"]) == ('["a"]', "", "")


def test_a_secrets_default_is_never_shown() -> None:
    class Model(BaseModel):
        key: SecretStr = SecretStr("hidden")
        other: Secret = Field(default_factory=lambda: Secret("hidden"))

    assert [field.default for field in form_fields(Model)] == ["", ""]


def test_options_read_like_words() -> None:
    assert FIELDS["pick"].options == (Choice("one_way", "One way"), Choice("GET", "GET"))
    assert FIELDS["colour"].options == (Choice("red", "DARK_RED"),)


def test_pickers() -> None:
    found = choices_of(Everything, "picker")
    assert found is not None
    assert (found.load, found.depends_on) == (load, ("plain",))
    assert FIELDS["picker"].depends_on == ("plain",)
    assert (FIELDS["several"].picker, FIELDS["plain"].picker) == (True, False)
    assert choices_of(Everything, "plain") is None
    assert choices_of(Everything, "nothing") is None


def test_a_type_without_a_control_is_refused() -> None:
    class Model(BaseModel):
        odd: int | str = 1

    with pytest.raises(TypeError, match="odd"):
        form_fields(Model)
