"""One run, from declarations to outcomes: every driver calls this and nothing else."""

from aiqa.session.job import Case
from aiqa.session.session import Session

__all__ = ["Case", "Session"]
