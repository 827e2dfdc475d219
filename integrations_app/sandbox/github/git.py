"""Commits of the emulated GitHub: whole trees, named by their content."""

import hashlib

from integrations_app.sandbox.github.state import Account, Commit, Repository, blob_sha


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
    made = Commit("", message, author, at, [parent] if parent else [], files)
    text = f"{made.tree_sha} {parent} {author.login} {at} {message} {len(repository.commits)}"
    made.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    repository.commits[made.sha] = made
    return made
