"""Files of releases in the emulated REST API; they are uploaded at an address of their own, as they are."""

from integrations_app.sandbox.github.calls import REPO, Call, Refusal, Reply, endpoint, invalid, not_found, paged
from integrations_app.sandbox.github.state import Asset, Release, Repository
from integrations_app.sandbox.github.views import asset_view

AT = "/repos/{owner}/{repo}/releases/{release:int}/assets"
UPLOADS = f"/uploads{AT}"


def _release(call: Call, repository: Repository) -> Release:
    found = next((one for one in repository.releases if one.id == call.path["release"]), None)
    if found is None:
        raise not_found()
    return found


@endpoint("GET", AT, "repo")
def list_assets(call: Call) -> Reply:
    """The files of a release."""
    repository = call.repository()
    release = _release(call, repository)
    return paged(call, release.assets, lambda page: [asset_view(one, release, repository, call.web) for one in page])


@endpoint("POST", UPLOADS, *REPO)
def upload_asset(call: Call) -> Reply:
    """Keep the body as a file; 422 when the release has one of this name, 400 for an empty one."""
    repository = call.repository("push", REPO)
    release, name = _release(call, repository), call.query.get("name", "")
    if not call.raw:
        raise Refusal(400, "Bad Content-Length: ")
    if not name:
        raise invalid("ReleaseAsset", "name", "missing_field")
    if any(one.name == name for one in release.assets):
        raise invalid("ReleaseAsset", "name", "already_exists")
    made = Asset(
        call.github.next_id(), name, call.query.get("label", ""), call.content_type, call.raw, call.me(), call.now
    )
    release.assets.append(made)
    return Reply(201, asset_view(made, release, repository, call.web))
