"""What a person can make happen on an inspector page, so that hooks have something to tell."""

from collections.abc import Callable
from dataclasses import dataclass

from integrations_app.sandbox.github import happenings, moves, pulls, releases, reviews, runs
from integrations_app.sandbox.github.git import commit, is_mergeable
from integrations_app.sandbox.github.state import Account, Issue, Release, Repository, github_of
from integrations_app.sandbox.world import World


class WrongAct(ValueError):
    """Something that cannot be done as things are."""


@dataclass
class Wish:
    """Who wants something done, where, and to what it is done: a number, a branch or a tag."""

    world: World
    web: str
    repository: Repository
    person: Account
    subject: str

    def pull(self) -> Issue:
        """The open pull request of that number."""
        number = int(self.subject) if self.subject.isascii() and self.subject.isdigit() else 0
        found = self.repository.issues.get(number)
        if found is None or found.pull is None or found.state != "open":
            raise WrongAct("There is no open pull request of that number")
        return found


def _merge(wish: Wish) -> None:
    issue = wish.pull()
    if not is_mergeable(wish.repository, issue):
        raise WrongAct("The pull request conflicts with its base")
    words = f"Merge pull request #{issue.number}"
    pulls.merge(wish.world, wish.web, wish.repository, issue, wish.person, words, "merge")


def _review(wish: Wish, state: str) -> None:
    issue = wish.pull()
    if wish.person is issue.user:
        raise WrongAct("Nobody reviews a pull request of their own")
    reviews.add_review(wish.world, wish.web, wish.repository, issue, wish.person, "Looked at.", state)


def _push(wish: Wish) -> None:
    name = wish.subject or wish.repository.default_branch
    ref = f"refs/heads/{name}"
    before = wish.repository.refs.get(ref)
    if before is None:
        raise WrongAct("There is no such branch")
    text = f"Touched at {wish.world.clock()}\n".encode()
    made = commit(wish.repository, before, {"touched.txt": text}, "Touch", wish.person, wish.world.clock())
    moves.move(wish.world, wish.web, wish.repository, ref, made.sha, wish.person)


def _branch(wish: Wish) -> None:
    ref, head = f"refs/heads/{wish.subject}", wish.repository.head("HEAD")
    if not wish.subject or ref in wish.repository.refs or head is None:
        raise WrongAct("The branch needs a name that no branch has")
    moves.move(wish.world, wish.web, wish.repository, ref, head.sha, wish.person)


def _delete_branch(wish: Wish) -> None:
    ref = f"refs/heads/{wish.subject}"
    if ref not in wish.repository.refs or wish.subject == wish.repository.default_branch:
        raise WrongAct("There is no such branch, or it is the default one")
    moves.remove(wish.world, wish.web, wish.repository, ref, wish.person)


def _release(wish: Wish) -> None:
    if not wish.subject or any(one.tag == wish.subject for one in wish.repository.releases):
        raise WrongAct("The release needs a tag that no release has")
    number, now, target = github_of(wish.world).next_id(), wish.world.clock(), wish.repository.default_branch
    made = Release(number, wish.subject, target, wish.subject, "", False, False, wish.person, now, now)
    releases.add_release(wish.world, wish.web, wish.repository, made)


def _finish(wish: Wish, conclusion: str) -> None:
    open_runs = [one for one in wish.repository.runs if not one.told]
    if not open_runs:
        raise WrongAct("No run is under way")
    runs.finish(wish.world, wish.web, wish.repository, open_runs[-1], conclusion)


def _deploy(wish: Wish, state: str) -> None:
    args = (wish.world, wish.web, wish.repository, wish.person)
    made = happenings.deployment(*args, wish.repository.default_branch, wish.subject or "production")
    happenings.deployment_status(*args, made, state)


def _check(wish: Wish, conclusion: str) -> None:
    happenings.check_run(wish.world, wish.web, wish.repository, wish.person, conclusion)


ACTS: dict[str, Callable[[Wish], object]] = {
    "Push a commit (branch)": _push,
    "Merge pull request (number)": _merge,
    "Approve pull request (number)": lambda wish: _review(wish, "APPROVED"),
    "Ask for changes (number)": lambda wish: _review(wish, "CHANGES_REQUESTED"),
    "Create branch (name)": _branch,
    "Delete branch (name)": _delete_branch,
    "Publish release (tag)": _release,
    "Finish the newest run: success": lambda wish: _finish(wish, "success"),
    "Finish the newest run: failure": lambda wish: _finish(wish, "failure"),
    "Deployment succeeds (environment)": lambda wish: _deploy(wish, "success"),
    "Deployment fails (environment)": lambda wish: _deploy(wish, "failure"),
    "Check ends: success": lambda wish: _check(wish, "success"),
    "Check ends: failure": lambda wish: _check(wish, "failure"),
    "Star": lambda wish: happenings.star(wish.world, wish.web, wish.repository, wish.person, True),
    "Take the star back": lambda wish: happenings.star(wish.world, wish.web, wish.repository, wish.person, False),
    "Fork": lambda wish: happenings.fork(wish.world, wish.web, wish.repository, wish.person),
}
