"""Settings of the kit's property tests."""

from hypothesis import settings

# A busy machine must not fail a property; the tests that promise a time measure it themselves.
settings.register_profile("kit", deadline=None)
settings.load_profile("kit")
