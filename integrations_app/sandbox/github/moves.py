"""Refs that move in the emulated GitHub, and all that follows: pushes, created and deleted refs, pull requests."""

from integrations_app.sandbox.github import webhooks
from integrations_app.sandbox.github.git import changes, merge_base
from integrations_app.sandbox.github.state import Account, Issue, Repository
from integrations_app.sandbox.world import World

NOTHING = "0" * 40


def move(world: World, web: str, repository: Repository, ref: str, sha: str, sender: Account) -> None:
    """Let a ref, new or old, stand at a commit or an annotated tag; open pull requests of the branch follow."""
    before = repository.refs.get(ref, NOTHING)
    repository.refs[ref] = sha
    repository.pushed_at = world.clock()
    webhooks.fire_push(world, web, repository, ref, before, sender)
    if before == NOTHING:
        webhooks.fire_ref(world, web, repository, "create", ref, sender)
    branch = ref.removeprefix("refs/heads/")
    for issue in repository.issues.values():
        if issue.pull and issue.state == "open" and issue.pull.head == branch and issue.pull.head_sha != sha:
            issue.pull.head_sha = sha
            refresh(repository, issue)
            webhooks.fire_issue(world, web, repository, issue, "synchronize", sender, before=before, after=sha)


def remove(world: World, web: str, repository: Repository, ref: str, sender: Account) -> None:
    """Take a ref away."""
    del repository.refs[ref]
    webhooks.fire_ref(world, web, repository, "delete", ref, sender)


def refresh(repository: Repository, issue: Issue) -> None:
    """Work out anew which files a pull request changes."""
    pull = issue.pull
    if pull is not None:
        tip = repository.refs.get(f"refs/heads/{pull.base}", pull.base_sha)
        pull.base_sha = merge_base(repository, tip, pull.head_sha) or pull.base_sha
        old, new = repository.commits[pull.base_sha].files, repository.commits[pull.head_sha].files
        pull.files = sorted(changes(old, new))
