"""Git's own objects in the emulated REST API: blobs, trees, commits and annotated tags."""

import base64
import binascii
import hashlib
from typing import Any

from integrations_app.sandbox.github.calls import REPO, Call, Json, Refusal, Reply, endpoint, invalid, not_found
from integrations_app.sandbox.github.git import store
from integrations_app.sandbox.github.state import Commit, Repository, Tag, blob_sha, stamp
from integrations_app.sandbox.github.views import commit_view

AT = "/repos/{owner}/{repo}/git"


@endpoint("POST", f"{AT}/blobs", *REPO)
def create_blob(call: Call) -> Reply:
    """Keep a content; its name says what it is."""
    repository = call.repository("push", REPO)
    text, encoding = call.body.get("content"), call.body.get("encoding", "utf-8")
    if not isinstance(text, str) or encoding not in ("utf-8", "base64"):
        raise Refusal(422, "Invalid request.\n\ncontent and encoding are needed.")
    try:
        content = base64.b64decode(text, validate=True) if encoding == "base64" else text.encode()
    except (binascii.Error, ValueError) as error:
        raise Refusal(422, "Input is not valid Base64") from error
    sha = blob_sha(content)
    repository.blobs[sha] = content
    return Reply(201, {"sha": sha, "url": f"{call.api}/repos/{repository.full_name}/git/blobs/{sha}"})


def _tree_view(call: Call, repository: Repository, sha: str, files: dict[str, str], recursive: bool) -> Json:
    api = f"{call.api}/repos/{repository.full_name}/git"
    entries: dict[str, Json] = {}
    for path, blob in sorted(files.items()):
        parts = path.split("/")
        for depth in range(1, len(parts) if recursive else min(len(parts), 2)):
            folder = "/".join(parts[:depth])
            entries[folder] = {"path": folder, "mode": "040000", "type": "tree", "sha": "0" * 40}
        if recursive or len(parts) == 1:
            size = len(repository.blobs[blob])
            entries[path] = {"path": path, "mode": "100644", "type": "blob", "sha": blob, "size": size}
    views = [entry | {"url": f"{api}/{entry['type']}s/{entry['sha']}"} for entry in entries.values()]
    return {"sha": sha, "url": f"{api}/trees/{sha}", "tree": views, "truncated": False}


@endpoint("GET", f"{AT}/trees/{{tree:path}}", "repo")
def get_tree(call: Call) -> Reply:
    """The tree of a sha, commit, branch or tag; with `recursive`, whatever its value, all below."""
    repository, name = call.repository(), call.path["tree"]
    head = repository.head(name)
    files = head.files if head else repository.trees.get(name)
    if files is None:
        raise not_found()
    return Reply(200, _tree_view(call, repository, head.tree_sha if head else name, files, "recursive" in call.query))


def _entry(repository: Repository, given: Any) -> tuple[str, str | None]:
    path, mode = (given.get("path"), given.get("mode")) if isinstance(given, dict) else (None, None)
    bad = not isinstance(path, str) or any(part in ("", ".", "..") for part in path.split("/"))
    if bad or mode not in ("100644", "100755", "120000"):
        raise Refusal(422, "tree.path contains a malformed path component")
    if isinstance(content := given.get("content"), str):
        sha = blob_sha(content.encode())
        repository.blobs[sha] = content.encode()
        return str(path), sha
    if "sha" not in given or (given["sha"] is not None and given["sha"] not in repository.blobs):
        raise Refusal(422, f"tree.sha {given.get('sha')} is not a valid blob")
    return str(path), given["sha"]


@endpoint("POST", f"{AT}/trees", *REPO)
def create_tree(call: Call) -> Reply:
    """Make a tree, on top of `base_tree` when given; a sha of null takes a file out."""
    repository = call.repository("push", REPO)
    given, base = call.body.get("tree"), call.body.get("base_tree")
    if not isinstance(given, list) or not given:
        raise Refusal(422, "Invalid tree info")
    files: dict[str, str] = {}
    if base:
        head = repository.commits.get(str(base))
        found = head.files if head else repository.trees.get(str(base))
        if found is None:
            raise Refusal(422, "base_tree is not a valid tree oid")
        files = dict(found)
    for path, sha in (_entry(repository, one) for one in given):
        if path.startswith(".github/workflows/") and not call.has_scope("workflow"):
            raise not_found()
        if sha is None and path not in files:
            raise Refusal(422, "GitRPC::BadObjectState")
        files.pop(path, None)
        files |= {path: sha} if sha else {}
    made = Commit("", "", call.me(), call.now, [], files).tree_sha
    repository.trees[made] = files
    return Reply(201, _tree_view(call, repository, made, files, recursive=False))


@endpoint("POST", f"{AT}/commits", *REPO)
def create_commit(call: Call) -> Reply:
    """Make a commit of a tree; no ref moves."""
    repository = call.repository("push", REPO)
    message, tree, parents = call.text("message", "Commit"), call.text("tree", "Commit"), call.body.get("parents") or []
    if tree not in repository.trees:
        raise Refusal(422, "Tree SHA does not exist")
    if not isinstance(parents, list) or any(parent not in repository.commits for parent in parents):
        raise Refusal(422, "Parent SHA does not exist or is not a commit object")
    made = store(repository, Commit("", message, call.me(), call.now, parents, dict(repository.trees[tree])))
    return Reply(201, commit_view(made, repository, call.web))


@endpoint("GET", f"{AT}/commits/{{sha}}", "repo")
def get_commit(call: Call) -> Reply:
    """One commit by its sha."""
    repository = call.repository()
    found = repository.commits.get(call.path["sha"])
    if found is None:
        raise not_found()
    return Reply(200, commit_view(found, repository, call.web))


def _tag_view(call: Call, repository: Repository, tag: Tag) -> Json:
    api = f"{call.api}/repos/{repository.full_name}/git"
    who = {"name": tag.tagger.name, "email": tag.tagger.email, "date": stamp(tag.at)}
    target = {"type": "commit", "sha": tag.target, "url": f"{api}/commits/{tag.target}"}
    view: Json = {"node_id": f"T_{tag.sha[:12]}", "tag": tag.tag, "sha": tag.sha, "url": f"{api}/tags/{tag.sha}"}
    return view | {"message": tag.message, "tagger": who, "object": target}


@endpoint("POST", f"{AT}/tags", *REPO)
def create_tag(call: Call) -> Reply:
    """Make the object of an annotated tag; the ref is made by itself."""
    repository = call.repository("push", REPO)
    name, message, target = (call.text(field, "Tag") for field in ("tag", "message", "object"))
    if call.text("type", "Tag") != "commit":
        raise invalid("Tag", "type", "invalid")
    if target not in repository.commits:
        raise Refusal(422, "Object does not exist")
    text = f"{name} {message} {target} {call.me().login} {call.now}"
    sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    repository.tags[sha] = Tag(sha, name, message, target, call.me(), call.now)
    return Reply(201, _tag_view(call, repository, repository.tags[sha]))


@endpoint("GET", f"{AT}/tags/{{sha}}", "repo")
def get_tag(call: Call) -> Reply:
    """The object of an annotated tag."""
    repository = call.repository()
    found = repository.tags.get(call.path["sha"])
    if found is None:
        raise not_found()
    return Reply(200, _tag_view(call, repository, found))
