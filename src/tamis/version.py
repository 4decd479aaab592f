"""The version, also for a source tree that was never installed; pyproject.toml says the same."""

VERSION = "0.1.0"
