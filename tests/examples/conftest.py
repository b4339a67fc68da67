from __future__ import annotations

from pathlib import Path

import pytest

from examples.breast_cancer import train as breast_cancer
from examples.diabetes import train as diabetes
from examples.digits import train as digits
from examples.fraud import generate
from examples.fraud import train as fraud


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project's ``examples/`` in which every script has run."""
    root = tmp_path_factory.mktemp("project") / "examples"
    breast_cancer.main(root / "breast_cancer")
    diabetes.main(root / "diabetes")
    digits.main(root / "digits")
    generate.main(root / "fraud")
    fraud.main(root / "fraud")
    return root
