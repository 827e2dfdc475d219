"""Commits of the emulated GitHub: whole trees, named by their content."""

import hashlib
from typing import Any

from integrations_app.sandbox.github.state import Account, Commit, Issue, Repository, blob_sha


def commit(
    repository: Repository,
    parent: str | None,
    changes: dict[str, bytes | None] | dict[str, bytes],
    message: str,
    author: Account,
    at: float,
) -> Commit:
    """Make a commit on top of a parent; a change of None removes the file. No ref moves."""
    files = dict(repository.commits[parent].files) if parent else {}
    for path, content in changes.items():
        if content is None:
            files.pop(path, None)
            continue
        sha = blob_sha(content)
        repository.blobs[sha] = content
        files[path] = sha
    return store(repository, Commit("", message, author, at, [parent] if parent else [], files))


def store(repository: Repository, made: Commit) -> Commit:
    """Name a commit and keep it."""
    text = f"{made.tree_sha} {made.parents} {made.author.login} {made.at} {made.message} {len(repository.commits)}"
    made.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    repository.commits[made.sha] = made
    repository.trees[made.tree_sha] = made.files
    return made


def is_ancestor(repository: Repository, older: str, newer: str) -> bool:
    """Whether one commit is the other, or before it."""
    return older in history(repository, newer)


def history(repository: Repository, sha: str) -> list[str]:
    """A commit and all before it, the nearest first."""
    found: dict[str, None] = {}
    waiting = [sha]
    while waiting:
        one = waiting.pop(0)
        if one not in found:
            found[one] = None
            waiting += repository.commits[one].parents
    return list(found)


def merge_base(repository: Repository, one: str, other: str) -> str:
    """The nearest commit that both stand on; empty when there is none."""
    mine = set(history(repository, one))
    return next((sha for sha in history(repository, other) if sha in mine), "")


def changes(old: dict[str, str], new: dict[str, str]) -> dict[str, str]:
    """The files that differ: path to added, removed or modified."""
    kinds = {path: "removed" if path not in new else "modified" for path in old if new.get(path) != old[path]}
    return kinds | {path: "added" for path in new if path not in old}


def changed_files(repository: Repository, base: str, head: str) -> list[dict[str, Any]]:
    """Changed files as comparisons and pull requests list them."""
    old, new = repository.commits[base].files, repository.commits[head].files
    views = []
    for path, status in sorted(changes(old, new).items()):
        before, after = (_lines(repository, files.get(path)) for files in (old, new))
        added, gone = len([x for x in after if x not in before]), len([x for x in before if x not in after])
        patch = "\n".join([f"@@ -1,{len(before)} +1,{len(after)} @@", *(f"+{line}" for line in after)])
        view = {"sha": new.get(path) or old.get(path), "filename": path, "status": status}
        views.append(view | {"additions": added, "deletions": gone, "changes": added + gone, "patch": patch})
    return views


def _lines(repository: Repository, sha: str | None) -> list[str]:
    return repository.blobs[sha].decode("utf-8", "replace").splitlines() if sha else []


def is_mergeable(repository: Repository, issue: Issue) -> bool:
    """Whether no file was changed in both branches to different contents."""
    pull = issue.pull
    tip = repository.refs.get(f"refs/heads/{pull.base}") if pull else None
    if pull is None or tip is None:
        return False
    old, new, base = (repository.commits[sha].files for sha in (pull.base_sha, pull.head_sha, tip))
    both = set(changes(old, new)) & set(changes(old, base))
    return all(new.get(path) == base.get(path) for path in both)
