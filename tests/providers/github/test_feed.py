"""Which installation of a GitHub App tells of a repository, as far as the connected account reads it."""

from typing import Any

import pytest

from integrations_app.errors import ResponseRefused, Unavailable
from integrations_app.providers.github import feed as feeds
from integrations_app.providers.github.feed import feed
from integrations_app.sdk.triggers import Feed


@pytest.fixture
def signed_in(connect: Any, sandbox: Any) -> Any:
    """Connections of people who allowed the emulation's GitHub App."""
    sandbox.settings(github={"github_app": True})

    def of(account: str = "octo-hub") -> Any:
        return connect("github", access_token=sandbox.sign_in("github", account)["access_token"])

    return of


def install(sandbox: Any, account: str = "acme", **given: Any) -> str:
    made = sandbox.post("github/installations", account=account, **({"events": ["issues", "push"]} | given))
    return str(made["id"])


def ids(sandbox: Any, *names: str) -> tuple[str, ...]:
    url, token = f"{sandbox.base}/github/api/v3/repos", sandbox.token("github", "octo-hub")
    headers = {"Authorization": f"Bearer {token}"}
    return tuple(str(sandbox.http.get(f"{url}/{name}", headers=headers).json()["id"]) for name in names)


async def asked(connected: Any, repository: str, *events: str) -> Feed | None:
    return await feed({"repository": repository}, events or ("issues",), connected.context())


async def test_an_installation_on_everything_tells_of_what_the_account_reads(sandbox: Any, signed_in: Any) -> None:
    sandbox.post("github/access", repository="acme/api", user="mona-lisa")
    made = install(sandbox)
    web, api = ids(sandbox, "acme/web", "acme/api")
    octo, mona = signed_in(), signed_in("mona-lisa")
    assert await asked(octo, "https://github.com/Acme/Web") == Feed(made, (web,))
    assert await asked(mona, "acme/api") is None
    assert await asked(octo, "acme/*") == Feed(made, (web, api))
    assert await asked(mona, "ACME/*") == Feed(made, (web,))
    assert await asked(octo, "octo-hub/notes") is None
    assert await asked(octo, "acme/nothing") is None


async def test_of_chosen_repositories_only_those_are_told_of(sandbox: Any, signed_in: Any) -> None:
    made = install(sandbox, repositories=["acme/api"])
    [api] = ids(sandbox, "acme/api")
    octo = signed_in()
    assert await asked(octo, "acme/api") == Feed(made, (api,))
    assert await asked(octo, "acme/*") == Feed(made, (api,))
    assert await asked(octo, "acme/web") is None


async def test_every_event_must_be_sent_and_the_installation_be_awake(sandbox: Any, signed_in: Any) -> None:
    made, octo = install(sandbox), signed_in()
    assert await asked(octo, "acme/web", "issues", "push") is not None
    assert await asked(octo, "acme/web", "issues", "star") is None
    sandbox.post("github/installations", id=int(made), act="suspend")
    assert await asked(octo, "acme/web") is None


async def test_an_account_without_rights_of_its_own_hears_nothing_not_even_of_what_is_public(
    sandbox: Any, signed_in: Any
) -> None:
    install(sandbox)
    for repository in ("acme/web", "acme/api"):
        sandbox.post("github/access", repository=repository, user="mona-lisa")
    assert await asked(signed_in("mona-lisa"), "acme/web") is None


async def test_releases_are_fed_to_those_only_who_may_push(sandbox: Any, signed_in: Any) -> None:
    made = install(sandbox, events=["issues", "release"])
    web, api = ids(sandbox, "acme/web", "acme/api")
    for level, every in (("push", Feed(made, (web, api))), ("pull", None)):
        sandbox.post("github/access", repository="acme/web", user="mona-lisa", level=level)
        sandbox.post("github/access", repository="acme/api", user="mona-lisa", level="push")
        mona = signed_in("mona-lisa")
        assert await asked(mona, "acme/*", "release") == every
        assert await asked(mona, "acme/web", "release") == (Feed(made, (web,)) if every else None)
        assert await asked(mona, "acme/web", "issues", "release") == (Feed(made, (web,)) if every else None)
        assert await asked(mona, "acme/api", "release") == Feed(made, (api,))
        assert await asked(mona, "acme/*") == Feed(made, (web, api))
    chosen = install(sandbox, "octo-hub", events=["release"], repositories=["octo-hub/notes"])
    [notes] = ids(sandbox, "octo-hub/notes")
    assert await asked(signed_in(), "octo-hub/notes", "release") == Feed(chosen, (notes,))


@pytest.mark.parametrize("odd", [{}, {"installations": 1}, {"installations": [{"account": 1}]}, {"installations": [1]}])
async def test_an_odd_answer_is_an_error_and_no_fault_of_ours(sandbox: Any, signed_in: Any, odd: Any) -> None:
    octo = signed_in()
    sandbox.fault(method="GET", path="/github/api/v3/user/installations", status=200, body=odd, count=1)
    with pytest.raises(ResponseRefused):
        await asked(octo, "acme/web")


async def test_too_many_repositories_are_not_looked_through(
    sandbox: Any, signed_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(sandbox)
    monkeypatch.setattr(feeds, "MOST", 1)
    assert await asked(signed_in(), "acme/*") is None
    assert await asked(signed_in(), "acme/web") is not None


async def test_another_token_is_refused_and_an_outage_is_no_answer(sandbox: Any, signed_in: Any, github: Any) -> None:
    install(sandbox)
    assert await asked(github, "acme/web") is None
    sandbox.fault(method="GET", path="/github/api/v3/user/installations", status=502, count=1)
    with pytest.raises(Unavailable):
        await asked(signed_in(), "acme/web")
