"""sdk: everything a provider may use to declare itself, and nothing about any one vendor."""
