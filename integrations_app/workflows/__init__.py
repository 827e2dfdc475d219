"""workflows: definitions, versions, triggers, inbound events, runs and the engine that executes them."""
