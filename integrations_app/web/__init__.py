"""Everything that speaks plain HTTP: OAuth routes, sessions, inbound events, REST API, health."""
