"""The authorize route asks for what the organisation's workflows need, over real HTTP, and for no more."""

# ruff: noqa: F811 - fixtures of another module are imported and then named as arguments

from typing import Any

import pytest

from integrations_app.connections.models import Connection
from integrations_app.organizations import sessions
from integrations_app.sdk.registry import Registry
from integrations_app.workflows import service
from tests.web.test_oauth import OWN_CLICK, consent, product  # noqa: F401 - fixtures
from tests.workflows.probe import workflow
from tests.workflows.test_consent import USUAL, greet, modest_providers, react, scopes_in

AUTHORIZE = "/api/integrations/slack/authorize?mode=popup"


@pytest.fixture
def providers() -> Registry:
    return modest_providers()


def scopes(answer: Any) -> list[str]:
    assert answer.status_code == 303, answer.text
    return scopes_in(answer.headers["location"])


async def test_the_url_holds_the_usual_what_is_needed_what_was_chosen_and_what_was_granted(product: Any) -> None:
    hub, cookie = product.hub, product.sign_in()
    actor = await sessions.require(hub, cookie)
    with product.browser(cookie) as browser:
        assert scopes(browser.get(AUTHORIZE, headers=OWN_CLICK)) == list(USUAL)
        await service.create(hub, actor, workflow(greet()))
        away = browser.get(f"{AUTHORIZE}&scopes=chat:write.public", headers=OWN_CLICK)
        assert scopes(away) == [*USUAL, "im:write", "chat:write.public"]
        browser.get(consent(away.headers["location"], "T0ACME001"))
        [made] = [one for one in product.rows(Connection) if one.account_id]
        await service.create(hub, actor, workflow(react(made.id)))
        again = browser.get(f"{AUTHORIZE}&connection={made.id}", headers=OWN_CLICK)
        assert set(scopes(again)) == {*USUAL, "im:write", "chat:write.public", "reactions:write"}
