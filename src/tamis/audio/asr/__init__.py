"""Recognisers of speech: one small interface, and what each library needs to fit it."""
