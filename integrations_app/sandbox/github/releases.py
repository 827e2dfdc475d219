"""Releases in the emulated REST API."""

from integrations_app.sandbox.github import moves, webhooks
from integrations_app.sandbox.github.calls import REPO, Call, Reply, endpoint, invalid, not_found, paged
from integrations_app.sandbox.github.state import Account, Release, Repository
from integrations_app.sandbox.github.views import release_view
from integrations_app.sandbox.world import World

AT = "/repos/{owner}/{repo}/releases"


@endpoint("POST", AT, *REPO)
def create_release(call: Call) -> Reply:
    """Publish a release, making its tag when there is none; 422 when the tag has one already."""
    repository = call.repository("push", REPO)
    tag = call.text("tag_name", "Release")
    target = call.text("target_commitish", "Release", required=False) or repository.default_branch
    name, body = (call.text(field, "Release", required=False) for field in ("name", "body"))
    if any(one.tag == tag and not one.draft for one in repository.releases):
        raise invalid("Release", "tag_name", "already_exists")
    if f"refs/tags/{tag}" not in repository.refs and repository.head(target) is None:
        raise invalid("Release", "target_commitish", "invalid")
    if call.body.get("generate_release_notes") is True:
        since = f"{call.web}/{repository.full_name}/commits/{tag}"
        body = "\n\n".join(part for part in (body, f"**Full Changelog**: {since}") if part)
    draft, early = call.body.get("draft") is True, call.body.get("prerelease") is True
    now = call.now
    made = Release(call.github.next_id(), tag, target, name, body, draft, early, call.me(), now, now)
    add_release(call.world, call.web, repository, made)
    return Reply(201, release_view(made, repository, call.web))


def add_release(world: World, web: str, repository: Repository, release: Release) -> None:
    """Keep a release; what is published gets its tag and fires the hooks."""
    repository.releases.append(release)
    if not release.draft:
        _publish(world, web, repository, release)


def _publish(world: World, web: str, repository: Repository, release: Release) -> None:
    ref, head = f"refs/tags/{release.tag}", repository.head(release.target)
    if ref not in repository.refs and head is not None:
        moves.move(world, web, repository, ref, head.sha, release.author)
    fire(world, web, repository, release, release.author)


def fire(world: World, web: str, repository: Repository, release: Release, sender: Account) -> None:
    """`release`: created, published, and released when it is none to try out."""
    actions = ["created", "published", "prereleased" if release.prerelease else "released"]
    for action in actions:
        payload = {"action": action, "release": release_view(release, repository, web)}
        webhooks.fire(world, web, repository, "release", sender, payload)


@endpoint("PATCH", AT + "/{release:int}", *REPO)
def update_release(call: Call) -> Reply:
    """Change a release; a draft may be published by it."""
    repository = call.repository("push", REPO)
    found = next((one for one in repository.releases if one.id == call.path["release"]), None)
    if found is None:
        raise not_found()
    was_draft = found.draft
    for name in ("name", "body"):
        if name in call.body:
            setattr(found, name, call.text(name, "Release", required=False))
    for name in ("draft", "prerelease"):
        setattr(found, name, call.body.get(name, getattr(found, name)) is True)
    if was_draft and not found.draft:
        found.published_at = call.now
        _publish(call.world, call.web, repository, found)
    return Reply(200, release_view(found, repository, call.web))


@endpoint("GET", AT, "repo")
def list_releases(call: Call) -> Reply:
    """Releases, newest first; drafts only for those who may push."""
    repository = call.repository()
    found = [one for one in repository.releases[::-1] if not one.draft or _may_push(call, repository)]
    return paged(call, found, lambda page: [release_view(one, repository, call.web) for one in page])


def _may_push(call: Call, repository: Repository) -> bool:
    return repository.may(call.viewer.login if call.viewer else None, "push")


@endpoint("GET", AT + "/latest", "repo")
def latest(call: Call) -> Reply:
    """The newest release that is neither a draft nor one to try out."""
    repository = call.repository()
    found = [one for one in repository.releases if not one.draft and not one.prerelease]
    if not found:
        raise not_found()
    return Reply(200, release_view(found[-1], repository, call.web))


@endpoint("GET", AT + "/tags/{tag:path}", "repo")
def by_tag(call: Call) -> Reply:
    """The published release of a tag."""
    repository = call.repository()
    found = next((one for one in repository.releases if one.tag == call.path["tag"] and not one.draft), None)
    if found is None:
        raise not_found()
    return Reply(200, release_view(found, repository, call.web))
