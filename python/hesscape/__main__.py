"""``python -m hesscape`` does what the command ``hesscape`` does."""

import sys

from hesscape.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
