"""organizations: users, members with roles, sessions, keys of the vault, audit."""
