"""The people, channels and messages an emulated workspace starts with."""

from integrations_app.sandbox.slack.state import Channel, Message, Slack, Team, User

CLIENT_ID = "sandbox-slack-client"
CLIENT_SECRET = "sandbox-slack-secret"  # noqa: S105 - a documented constant of the emulation
SIGNING_SECRET = "sandbox-slack-signing-secret"  # noqa: S105 - a documented constant of the emulation
APP_ID = "A0SANDBOX"
ACME = "T0ACME001"
GLOBEX = "T0GLOBEX1"
_ACME_PEOPLE = [
    ("ADA", "ada", "Ada Lovelace"), ("GRACE", "grace", "Grace Hopper"), ("ALAN", "alan", "Alan Turing"),
    ("KATHERINE", "katherine", "Katherine Johnson"), ("EDSGER", "edsger", "Edsger Dijkstra"),
    ("BARBARA", "barbara", "Barbara Liskov"), ("DONALD", "donald", "Donald Knuth"),
    ("MARGARET", "margaret", "Margaret Hamilton"), ("DENNIS", "dennis", "Dennis Ritchie"),
    ("RADIA", "radia", "Radia Perlman"), ("KEN", "ken", "Ken Thompson"),
]  # fmt: skip
_GLOBEX_PEOPLE = [("HANK", "hank", "Hank Scorpio"), ("HOMER", "homer", "Homer Simpson")]


def seed_slack(now: float) -> Slack:
    """A fresh Slack with the workspaces Acme and Globex; `now` in unix seconds."""
    slack = Slack()
    created = int(now) - 90 * 86400
    acme = _team(slack, ACME, "Acme", "acme", _ACME_PEOPLE)
    acme.users["U0LEFT001"] = User("U0LEFT001", ACME, "left", "Former Colleague", "left@acme.example", deleted=True)
    people = [user.id for user in acme.users.values() if not user.deleted]
    for channel in (
        Channel("C0GENERAL", ACME, "general", created, "U0ADA", people, is_general=True, topic="Company-wide news"),
        Channel("C0TRIAGE", ACME, "triage", created, "U0ADA", people[:6], topic="New issues land here"),
        Channel("C0OPS0001", ACME, "ops", created, "U0GRACE", people[:4], topic="Bots stay out unless invited"),
        Channel("C0RANDOM1", ACME, "random", created, "U0ADA", people),
        Channel("C0SECRET1", ACME, "board", created, "U0ADA", people[:2], is_private=True),
        Channel("C0OLD0001", ACME, "old-project", created, "U0ALAN", people[:3], is_archived=True),
    ):
        acme.channels[channel.id] = channel
    globex = _team(slack, GLOBEX, "Globex", "globex", _GLOBEX_PEOPLE)
    globex.channels["C0GXGENRL"] = Channel(
        "C0GXGENRL", GLOBEX, "general", created, "U0HANK", ["U0HANK", "U0HOMER"], is_general=True
    )
    welcome = Message(slack.next_ts(now - 3600), "U0ADA", "Welcome to Acme. This workspace is a sandbox.", ACME)
    acme.channels["C0GENERAL"].messages.append(welcome)
    return slack


def _team(slack: Slack, team_id: str, name: str, domain: str, people: list[tuple[str, str, str]]) -> Team:
    team = Team(team_id, name, domain, owner=f"U0{people[0][0]}")
    for index, (key, handle, real_name) in enumerate(people):
        user_id = f"U0{key}"
        email = f"{handle}@{domain}.example"
        team.users[user_id] = User(user_id, team_id, handle, real_name, email, is_admin=index == 0)
    slack.teams[team_id] = team
    return team
