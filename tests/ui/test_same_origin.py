"""The bundle follows the origin of its page, and a bundle that cannot is refused."""

from pathlib import Path

import pytest

from integrations_app.ui.same_origin import follow_origin


def test_every_address_becomes_the_pages_own(tmp_path: Path) -> None:
    asset = tmp_path / "assets" / "reflex-env-abc.js"
    asset.parent.mkdir()
    asset.write_text('var e={PING:"http://localhost:8000/ping",EVENT:`ws://localhost:8000/_event`};')
    follow_origin(tmp_path)
    assert asset.read_text() == (
        'var e={PING:(location.origin+"/ping"),EVENT:(location.origin.replace(/^http/,"ws")+"/_event")};'
    )


def test_another_form_of_the_asset_fails_the_build(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no address found"):
        follow_origin(tmp_path)
