"""Templates are files beside a provider's declaration; what is wrong with one is said with its name."""

from pathlib import Path

import pytest

from integrations_app.sdk.workflow_templates import load_templates

GOOD = "title: Read\nsummary: Reads.\ndefinition: {format: 1, name: Read}\nasks: {steps.0.inputs.url: x}\n"


def written(folder: Path, **files: str) -> Path:
    (folder / "templates").mkdir()
    for name, text in files.items():
        (folder / "templates" / f"{name}.yaml").write_text(text)
    return folder


def test_templates_are_found_in_order(tmp_path: Path) -> None:
    found = load_templates("acme", written(tmp_path, b=GOOD, a=GOOD))
    assert [one.key for one in found] == ["acme/a", "acme/b"]
    assert (found[0].title, found[0].asks) == ("Read", {"steps.0.inputs.url": "x"})
    assert found[0].definition == {"format": 1, "name": "Read"}


def test_a_provider_needs_none(tmp_path: Path) -> None:
    assert load_templates("acme", tmp_path) == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: &a [1]\nb: *a", "anchors"),
        (GOOD.replace("title: Read", "title: ''"), "title"),
        (GOOD.replace("Reads.", "no sentence"), "summary"),
        (GOOD.replace("{format: 1, name: Read}", "[1]"), "definition"),
        ("title: Read\nsummary: Reads.\n", "definition"),
        (GOOD + "author: me\n", "author"),
    ],
)
def test_a_wrong_one_is_named(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"template odd.yaml: .*{why}"):
        load_templates("acme", written(tmp_path, odd=text))
