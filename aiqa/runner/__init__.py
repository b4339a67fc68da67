"""A whole run without pytest: find the checks, decide them, keep and send the evidence."""

from aiqa.runner.finish import Finished, finish
from aiqa.runner.run import run, run_project

__all__ = ["Finished", "finish", "run", "run_project"]
