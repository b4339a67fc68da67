"""``aiqa suggest``: expectations that a profile of a table supports, written as a check file to review."""

from aiqa.suggest.files import suggest_file
from aiqa.suggest.settle import suggest
from aiqa.suggest.source import render
from aiqa.suggest.suggested import Dropped, Suggested, Suggestion

__all__ = ["Dropped", "Suggested", "Suggestion", "render", "suggest", "suggest_file"]
