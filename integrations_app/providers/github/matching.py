"""Whether a delivery of GitHub is one that a trigger waits for: pure functions of the delivery and the filters."""

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from integrations_app.providers.github.names import owner_of, without_address
from integrations_app.sdk.triggers import Inbound

BRANCH = "refs/heads/"
Matches = Callable[[Inbound, Any], bool]


def member(inbound: Inbound, *path: str) -> str:
    """A text deep in the delivery; empty when it is not there."""
    value: Any = inbound.payload
    for name in path:
        value = value.get(name) if isinstance(value, dict) or value is inbound.payload else None
    return str(value) if isinstance(value, str) else ""


def in_repository(inbound: Inbound, config: Any) -> bool:
    """Whether the delivery is of the repository, or of one of the owner's."""
    name, wanted = member(inbound, "repository", "full_name").lower(), without_address(str(config.repository)).lower()
    owner = owner_of(wanted)
    return name.startswith(f"{owner}/") if owner else name == wanted


def chosen(value: str, wanted: Sequence[str]) -> bool:
    """Whether the value is one of those wanted, which may be patterns; none wanted means all."""
    return not wanted or any(fnmatchcase(value, pattern.strip()) for pattern in wanted)


def matches_action(inbound: Inbound, config: Any) -> bool:
    """Whether the delivery is of the repository and one of the actions; no actions means all."""
    return in_repository(inbound, config) and chosen(member(inbound, "action"), config.actions)


def matches_push(inbound: Inbound, config: Any) -> bool:
    """Whether the push is to one of the branches and touches one of the paths.

    Tags and deletions are no pushes of a branch. GitHub lists files for the first commits of a large push only.
    """
    ref = member(inbound, "ref")
    if not in_repository(inbound, config) or not ref.startswith(BRANCH) or inbound.payload.get("deleted"):
        return False
    if not chosen(ref.removeprefix(BRANCH), config.branches):
        return False
    return not config.paths or any(chosen(path, config.paths) for path in _touched(inbound.payload.get("commits")))


def _touched(commits: Any) -> Iterable[str]:
    for commit in commits if isinstance(commits, list) else []:
        for name in ("added", "modified", "removed"):
            found = commit.get(name) if isinstance(commit, dict) else None
            yield from (path for path in found or [] if isinstance(path, str))


def matches_pull_request(inbound: Inbound, config: Any) -> bool:
    """Whether the change is one of the actions, and the pull request goes into one of the branches."""
    base = member(inbound, "pull_request", "base", "ref")
    if not matches_action(inbound, config) or not chosen(base, config.base_branches):
        return False
    head = member(inbound, "pull_request", "head", "ref")
    return chosen(head, config.head_branches)


def matches_comment(inbound: Inbound, config: Any) -> bool:
    """Whether the comment is one of the actions, and begins with the command."""
    word = config.command.strip().lower()
    words = member(inbound, "comment", "body").split(maxsplit=1)
    return matches_action(inbound, config) and (not word or (bool(words) and words[0].lower() == word))


def matches_review(inbound: Inbound, config: Any) -> bool:
    """Whether the review is one of the actions, with one of the verdicts."""
    return matches_action(inbound, config) and chosen(member(inbound, "review", "state").lower(), config.states)


def matches_run(inbound: Inbound, config: Any) -> bool:
    """Whether the run is one of the actions, of one of the workflows, and ended in one of the ways."""
    if not matches_action(inbound, config):
        return False
    path = member(inbound, "workflow_run", "path").partition("@")[0]
    names = {member(inbound, "workflow_run", "name"), path, path.rpartition("/")[2]}
    workflow = str(config.workflow).strip()
    return (
        (not workflow or workflow in names)
        and chosen(member(inbound, "workflow_run", "conclusion"), config.conclusions)
        and chosen(member(inbound, "workflow_run", "head_branch"), config.branches)
    )


def matches_ref(inbound: Inbound, config: Any) -> bool:
    """Whether it is a branch or a tag as wanted, of one of the names."""
    kind = member(inbound, "ref_type")
    right = kind == config.ref_type or (config.ref_type == "any" and kind in ("branch", "tag"))
    return in_repository(inbound, config) and right and chosen(member(inbound, "ref"), config.names)


def matches_deployment(inbound: Inbound, config: Any) -> bool:
    """Whether the deployment is in one of the states, in one of the environments."""
    state = member(inbound, "deployment_status", "state")
    place = member(inbound, "deployment", "environment")
    return in_repository(inbound, config) and chosen(state, config.states) and chosen(place, config.environments)


def matches_check(inbound: Inbound, config: Any) -> bool:
    """Whether the check is one of the actions, and ended in one of the ways."""
    return matches_action(inbound, config) and chosen(member(inbound, "check_run", "conclusion"), config.conclusions)
