"""Search in the emulated REST API."""

from integrations_app.sandbox.github.calls import Call, Json, Reply, endpoint, invalid, paged
from integrations_app.sandbox.github.state import Issue, Repository
from integrations_app.sandbox.github.views import issue_view


@endpoint("GET", "/search/issues", "repo")
def search_issues(call: Call) -> Reply:
    """Issues by words, `repo:`, `is:`, `state:` and `author:`; words match in title and body."""
    query = call.query.get("q", "").strip()
    if not query:
        raise invalid("Search", "q", "missing")
    words, filters = _search_terms(query)
    login = call.viewer.login if call.viewer else None
    _check_repository(call, filters.get("repo"))
    hits = []
    for repository in call.github.repositories.values():
        hidden = repository.private and not call.has_scope("repo")
        if hidden or not repository.may(login, "pull"):
            continue
        if "repo" in filters and filters["repo"].lower() != repository.full_name.lower():
            continue
        for issue in repository.issues.values():
            kinds = {"issue": issue.pull is None, "pr": issue.pull is not None}
            wanted = (filters.get("is", ""), filters.get("type", ""), filters.get("state", ""))
            if any(not kinds.get(one, issue.state == one) for one in wanted if one):
                continue
            if filters.get("author", issue.user.login) != issue.user.login:
                continue
            text = f"{issue.title}\n{issue.body or ''}".lower()
            if all(word.lower() in text for word in words):
                hits.append((repository, issue))
    hits.sort(key=lambda hit: hit[1].created_at, reverse=True)

    def wrap(page: list[tuple[Repository, Issue]]) -> Json:
        items = [issue_view(issue, repository, call.web) | {"score": 1.0} for repository, issue in page]
        return {"total_count": len(hits), "incomplete_results": False, "items": items}

    return paged(call, hits, wrap)


def _check_repository(call: Call, name: str | None) -> None:
    """422 for a repository that is not there or may not be seen, where an empty answer might be expected."""
    if name is None:
        return
    found = call.github.repositories.get(name.lower())
    login = call.viewer.login if call.viewer else None
    if found is None or not found.may(login, "pull") or (found.private and not call.has_scope("repo")):
        said = "The listed users and repositories cannot be searched either because the resources do not exist"
        raise invalid("Search", "q", "invalid", f"{said} or you do not have permission to view them.")


def _search_terms(query: str) -> tuple[list[str], dict[str, str]]:
    words, filters = [], {}
    for part in _quoted(query):
        name, colon, value = part.partition(":")
        if colon and name in ("repo", "is", "type", "state", "author", "in"):
            filters[name] = value
        else:
            words.append(part)
    return words, filters


def _quoted(query: str) -> list[str]:
    parts = query.split('"')
    found: list[str] = []
    for index, part in enumerate(parts):
        found += [part] if index % 2 else part.split()
    return [part for part in found if part]
