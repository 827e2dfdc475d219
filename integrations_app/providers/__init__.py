"""providers: one folder per vendor, found by discovery and imported by nobody by name."""
