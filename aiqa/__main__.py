"""``python -m aiqa``, the same as the command ``aiqa``."""

from aiqa.cli import main

if __name__ == "__main__":
    main()
