"""The accounts and repositories the emulated GitHub starts with."""

from integrations_app.sandbox.github.git import commit
from integrations_app.sandbox.github.state import Account, GitHub, Issue, Label, Milestone, Pull, Repository

DEPLOY = b"""name: Deploy
on:
  push:
    branches: [main]
  workflow_dispatch:
    inputs:
      environment:
        description: Where to deploy
        required: true
        type: choice
        options: [staging, production]
      version:
        description: What to deploy
        required: false
        default: latest
        type: string
      dry_run:
        description: Only say what would happen
        type: boolean
        default: false
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - run: ./deploy.sh
"""
TESTS = b"""name: Tests
on: [push, pull_request]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: make test
"""
_LABELS = (
    ("bug", "d73a4a", "Something is not working"),
    ("enhancement", "a2eeef", "New feature or request"),
    ("question", "d876e3", "More facts are needed"),
    ("urgent", "b60205", "Now"),
    ("triage", "fbca04", "Nobody looked yet"),
)


def seed_github(now: float) -> GitHub:
    """A fresh GitHub with people octo-hub and mona-lisa and the organisation acme; `now` in unix seconds."""
    github = GitHub()
    for number, (login, name, kind) in enumerate(
        (("octo-hub", "Octo Hub", "User"), ("mona-lisa", "Mona Lisa", "User"), ("acme", "Acme", "Organization")),
        start=583231,
    ):
        github.accounts[login] = Account(number, login, name, f"{login}@sandbox.example", kind)
    acme, octo = github.accounts["acme"], github.accounts["octo-hub"]
    acme.owners = (octo.login,)
    both = {"octo-hub": "admin", "mona-lisa": "push"}
    web = _repository(github, acme, "web", "The web site", False, both, now)
    _repository(github, acme, "api", "The private API", True, both, now)
    _repository(github, octo, "notes", "Private notes of one person", True, {"octo-hub": "admin"}, now)
    _pull_request(github, web, now)
    return github


def _repository(
    github: GitHub, owner: Account, name: str, words: str, private: bool, access: dict[str, str], now: float
) -> Repository:
    created = now - 90 * 86400
    repository = Repository(github.next_id(), owner, name, words, private, created, now - 86400, dict(access))
    github.repositories[repository.full_name.lower()] = repository
    for label, color, description in _LABELS:
        repository.labels[label] = Label(github.next_id(), label, color, description)
    files = {
        "README.md": f"# {name}\n\n{words}.\n".encode(),
        "src/app.py": b'print("hello")\n',
        ".github/workflows/deploy.yml": DEPLOY,
        ".github/workflows/tests.yml": TESTS,
    }
    repository.milestones = [Milestone(github.next_id(), 1, "Next", created)]
    author = github.accounts["octo-hub"]
    first = commit(repository, None, files, "Begin", author, created)
    repository.refs = {"refs/heads/main": first.sha, "refs/heads/develop": first.sha, "refs/tags/v1.0.0": first.sha}
    return repository


def _pull_request(github: GitHub, web: Repository, now: float) -> None:
    mona = github.accounts["mona-lisa"]
    base = web.refs["refs/heads/main"]
    changed = commit(web, base, {"src/app.py": b'print("hello, world")\n'}, "Greet the world", mona, now - 86400)
    web.refs["refs/heads/feature/greeting"] = changed.sha
    body = "A friendlier greeting."
    issue = Issue(github.next_id(), 1, "Greet the world", body, mona, now - 86400, now - 86400)
    issue.pull = Pull("feature/greeting", "main", changed.sha, base, ["src/app.py"])
    issue.labels = [web.labels["enhancement"]]
    web.issues[1] = issue
