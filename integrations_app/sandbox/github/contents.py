"""Files in the emulated REST API, with the vendor's rules about `sha`."""

import base64
import binascii
from typing import Any

from integrations_app.sandbox.github import moves
from integrations_app.sandbox.github.calls import REPO, Call, Json, Refusal, Reply, endpoint, not_found
from integrations_app.sandbox.github.git import commit
from integrations_app.sandbox.github.state import Repository
from integrations_app.sandbox.github.views import commit_view

AT = "/repos/{owner}/{repo}/contents/{path:path}"


def _entry(call: Call, repository: Repository, path: str, ref: str, sha: str, kind: str = "file") -> Json:
    api = f"{call.api}/repos/{repository.full_name}"
    content = repository.blobs.get(sha, b"")
    html = f"{call.web}/{repository.full_name}/{'blob' if kind == 'file' else 'tree'}/{ref}/{path}"
    view: Json = {"name": path.rpartition("/")[2], "path": path, "sha": sha, "type": kind}
    view |= {"size": len(content) if kind == "file" else 0, "url": f"{api}/contents/{path}?ref={ref}"}
    view |= {"html_url": html, "git_url": f"{api}/git/{'blobs' if kind == 'file' else 'trees'}/{sha}"}
    return view | {"download_url": html if kind == "file" else None}


def _directory(call: Call, repository: Repository, path: str, ref: str, files: dict[str, str]) -> list[Json]:
    prefix = f"{path}/" if path else ""
    inside = [name.removeprefix(prefix) for name in files if name.startswith(prefix)]
    if not inside:
        raise not_found()
    views = []
    for name in sorted({one.partition("/")[0] for one in inside}):
        whole = prefix + name
        kind = "file" if whole in files else "dir"
        views.append(_entry(call, repository, whole, ref, files.get(whole, "0" * 40), kind))
    return views


@endpoint("GET", "/repos/{owner}/{repo}/contents", "repo")
@endpoint("GET", AT, "repo")
def get_contents(call: Call) -> Reply:
    """A file with its content in base64, or a directory as a list."""
    repository = call.repository()
    path, ref = (call.path.get("path", "").strip("/"), call.query.get("ref") or repository.default_branch)
    files = call.commit(repository, ref).files
    if path not in files:
        return Reply(200, _directory(call, repository, path, ref, files))
    view = _entry(call, repository, path, ref, files[path])
    encoded = base64.encodebytes(repository.blobs[files[path]]).decode()
    return Reply(200, view | {"content": encoded, "encoding": "base64"})


def _branch(call: Call, repository: Repository) -> str:
    branch = call.body.get("branch") or repository.default_branch
    if not isinstance(branch, str) or f"refs/heads/{branch}" not in repository.refs:
        raise Refusal(404, f"Branch {branch} not found")
    return branch


def _writable(call: Call) -> tuple[Repository, str, str]:
    repository = call.repository("push", REPO)
    path = call.path["path"].strip("/")
    if not path or any(part in ("", ".", "..") for part in path.split("/")):
        raise Refusal(422, "path contains a malformed path component")
    if path.startswith(".github/workflows/") and not call.has_scope("workflow"):
        raise not_found()
    return repository, path, _branch(call, repository)


def _supplied(call: Call, name: str) -> str:
    value: Any = call.body.get(name)
    if value is None:
        raise Refusal(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')
    if not isinstance(value, str):
        raise Refusal(422, f"Invalid request.\n\nFor 'properties/{name}', {value!r} is not a string.")
    return value


def _signature(call: Call) -> Json:
    """The author of the body, by name and e-mail; empty when it names none."""
    given = call.body.get("author")
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise Refusal(422, "Invalid request.\n\nFor 'properties/author', it is not an object.")
    for name in ("name", "email"):
        if not isinstance(given.get(name), str) or not given[name].strip():
            raise Refusal(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')
    return {"name": given["name"], "email": given["email"]}


def _save(call: Call, repository: Repository, branch: str, path: str, content: bytes | None, message: str) -> Json:
    ref, signature = f"refs/heads/{branch}", _signature(call)
    made = commit(repository, repository.refs[ref], {path: content}, message, call.me(), call.now)
    made.signature = signature
    moves.move(call.world, call.web, repository, ref, made.sha, call.me())
    return commit_view(made, repository, call.web)


@endpoint("PUT", AT, *REPO)
def put_contents(call: Call) -> Reply:
    """Create a file (201), or update one (200) by the sha it has now: 422 without it, 409 with another."""
    repository, path, branch = _writable(call)
    message = _supplied(call, "message")
    try:
        content = base64.b64decode("".join(_supplied(call, "content").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refusal(422, "content is not valid Base64") from error
    files = repository.commits[repository.refs[f"refs/heads/{branch}"]].files
    current, given = files.get(path), call.body.get("sha")
    if any(name.startswith(f"{path}/") for name in files):
        raise Refusal(422, f"{path} is a directory")
    if current is not None and not given:
        raise Refusal(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if given and given != current:
        raise Refusal(409, f"{path} does not match {given}" if current else f"{path} does not exist at {given}")
    made = _save(call, repository, branch, path, content, message)
    now = repository.commits[made["sha"]].files[path]
    view = {"content": _entry(call, repository, path, branch, now), "commit": made}
    return Reply(200 if current else 201, view)


@endpoint("DELETE", AT, *REPO)
def delete_contents(call: Call) -> Reply:
    """Remove a file by the sha it has now."""
    call.body = dict(call.query) | call.body
    repository, path, branch = _writable(call)
    message, given = _supplied(call, "message"), _supplied(call, "sha")
    current = repository.commits[repository.refs[f"refs/heads/{branch}"]].files.get(path)
    if current is None:
        raise not_found()
    if given != current:
        raise Refusal(409, f"{path} does not match {given}")
    return Reply(200, {"content": None, "commit": _save(call, repository, branch, path, None, message)})
