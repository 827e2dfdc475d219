"""After signing in and after connecting alike, a person goes on to a page of this product."""

import pytest

from integrations_app.organizations.return_page import HOME, safe_next


@pytest.mark.parametrize(
    "page",
    [
        *("/integrations/github", "/workflows/abc?step=1", "/runs#x", "/a/b?c=d&e=%2F", "/invitation/abc"),
        *("/runs?search=a%20b", "/runs?search=%C3%A9&then=//x", "/apis", "/loginx"),
    ],
)
def test_pages_of_ours_are_kept(page: str) -> None:
    assert safe_next(page) == page


@pytest.mark.parametrize(
    "bad",
    [
        *("//x", "/\\x", "https://x", "https:x", "javascript:alert(1)", "x", "", "/\nx", "/\x7f", "/é", "/<x>", '/"x'),
        *("/%2Fx", "/%5Cx", "/%252F%252Fx", "/%255Cx", "/%09/x", "/x%0d%0aLocation:x", "/%25252525252Fx"),
        *("/login?next=/a", "/setup", "/api/x", "/auth/logout", "/sandbox/", "/metrics", "/%61pi/x", "/_event/"),
        *("/x/../api/y", "/x/%2e%2e/api/y", "/./api", "/" + "a" * 501),
    ],
)
def test_what_is_no_page_of_ours_leads_home(bad: str) -> None:
    assert safe_next(bad) == HOME
