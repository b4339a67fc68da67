"""One run, from declarations to outcomes: every driver calls this and nothing else."""

from aiqa.session.session import Case, Session

__all__ = ["Case", "Session"]
