"""Where the program is: the wheel's own copy before anything on the search path."""

import os
import sys
import sysconfig
from typing import Iterator, Optional

_NAME = "sendoff"


def find_binary() -> Optional[str]:
    """Returns the absolute path of the program; nothing when there is none.

    ``$SENDOFF_BIN`` decides alone when it is set. Otherwise the first program wins among: the
    scripts of this environment, those of the installation below it, those beside this package
    (``--prefix``, ``--target``), those of the user, and last the absolute entries of ``$PATH``.
    """
    chosen = os.environ.get("SENDOFF_BIN")
    if chosen:
        return os.path.abspath(chosen) if _is_program(chosen) else None
    for directory in _directories():
        path = os.path.join(directory, _NAME)
        if _is_program(path):
            return os.path.abspath(path)
    return None


def _directories() -> Iterator[str]:
    yield from _scripts()
    yield from _scripts(base=sys.base_prefix)
    # <prefix>/lib/python3.x/site-packages/sendoff, or <target>/sendoff.
    package = os.path.dirname(os.path.abspath(__file__))
    above = package.split(os.sep)
    if len(above) > 4 and above[-2] in ("site-packages", "dist-packages"):
        yield os.path.join(os.sep.join(above[:-4]) or os.sep, "bin")
    yield os.path.join(os.path.dirname(package), "bin")
    yield from _scripts(scheme=_user_scheme())
    # A relative entry is whatever directory the agent stands in: never run what lies there.
    for entry in os.environ.get("PATH", "").split(os.pathsep):
        if os.path.isabs(entry):
            yield entry


def _scripts(scheme: Optional[str] = None, base: Optional[str] = None) -> Iterator[str]:
    try:
        given = {"base": base} if base else None
        if scheme:
            yield sysconfig.get_path("scripts", scheme=scheme, vars=given)
        else:
            yield sysconfig.get_path("scripts", vars=given)
    except (KeyError, AttributeError):
        # A Python without this scheme has no such directory.
        return


def _user_scheme() -> str:
    preferred = getattr(sysconfig, "get_preferred_scheme", None)
    return str(preferred("user")) if preferred else "posix_user"


def _is_program(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)
