"""``python -m sendoff``: becomes the program."""

import os
import sys

from ._find import find_binary


def main() -> int:
    """Replaces this process by the program; 127, as a shell says it, when that cannot be."""
    binary = find_binary()
    if binary is None:
        sys.stderr.write("the program `sendoff` is not installed: set SENDOFF_BIN, or reinstall\n")
        return 127
    try:
        os.execv(binary, [binary, *sys.argv[1:]])
    except OSError as error:
        sys.stderr.write(f"`{binary}` cannot be run: {error.strerror}\n")
    return 126


if __name__ == "__main__":
    sys.exit(main())
