"""Ops on images: measures of pixels and hashes that need no model, and those that ask one."""
