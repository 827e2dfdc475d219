"""The workspace the emulated Linear starts with."""

from integrations_app.sandbox.linear.state import Issue, Label, Linear, Person, State, Team, fixed_id

DAY = 86400.0
ADA, GRACE = "ada@acme.sandbox.example", "grace@acme.sandbox.example"
_STATES = (("Backlog", "backlog"), ("Todo", "unstarted"), ("In Progress", "started"), ("Done", "completed"))
_ISSUES = (("ENG", "Crash on start", 2), ("ENG", "Write the changelog", 0), ("OPS", "Renew the certificate", 1))


def seed_linear(now: float) -> Linear:
    """A fresh workspace with two people, two teams and a few issues; `now` in unix seconds."""
    people = [Person(fixed_id("ada"), "Ada Byron", ADA, admin=True), Person(fixed_id("grace"), "Grace Murray", GRACE)]
    teams = [_team("ENG", "Engineering"), _team("OPS", "Operations")]
    labels = [Label(fixed_id("bug"), "Bug"), Label(fixed_id("feature"), "Feature")]
    labels.append(Label(fixed_id("incident"), "Incident", teams[1]))
    workspace = Linear(fixed_id("acme"), "Acme", "acme", people, teams, labels)
    for at, (key, title, priority) in enumerate(_ISSUES):
        team = next(one for one in teams if one.key == key)
        team.issues_made += 1
        made = now - (30 - at) * DAY
        issue = Issue(fixed_id(title), team.issues_made, team, title, team.states[1], people[0], made, made)
        issue.priority = priority
        workspace.issues[issue.id] = issue
    return workspace


def _team(key: str, name: str) -> Team:
    states = [State(fixed_id(f"{key}.{word}"), word, kind) for word, kind in _STATES]
    return Team(fixed_id(key), key, name, states)
