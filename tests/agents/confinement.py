"""Namespaces in which nothing is reachable but loopback, and nothing is writable but one directory."""

import os
import shlex
import shutil
import socket
import struct
import subprocess

# From linux/sockios.h and linux/if.h.
SIOCSIFFLAGS = 0x8914
IFF_UP = 1


def wrap(command, top):
    """Returns the command that runs `command` with loopback and `top` alone, where that can be had."""
    mounts = "mount --make-rprivate / && mount --bind {0} {0} && mount -o remount,bind,ro /".format(shlex.quote(str(top)))
    wrapped = ["unshare", "--net", "--mount", "sh", "-c", mounts + ' && exec "$@"', "sh"]
    if os.geteuid() == 0 and shutil.which("unshare"):
        if subprocess.run([*wrapped, "true"], stderr=subprocess.DEVNULL).returncode == 0:
            return [*wrapped, *command]
    print("left out: namespaces (not root on Linux); a closed proxy and TMPDIR keep the agents in their place", flush=True)
    return command


def raise_loopback():
    """Lets programs reach 127.0.0.1, which a new namespace does not; elsewhere it is so already."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            import fcntl

            fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP))
    except OSError:
        pass
