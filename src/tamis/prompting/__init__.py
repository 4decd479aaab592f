"""Models at endpoints that speak OpenAI's protocol, asked about rows."""

from tamis.prompting.step import Prompt

__all__ = ["Prompt"]
