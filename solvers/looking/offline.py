"""Keeping the detector's process off the network: MediaPipe reports its use to its maker unless it is stopped.

Found in mediapipe 0.10.35 to 1.2.2 (github.com/google-ai-edge/mediapipe issue 6291). On Linux, the kernel refuses the
process any Internet socket, so that no name is looked up and nothing is connected to. Elsewhere, its HTTP library is
sent to a proxy that does not exist.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys

NOWHERE = "http://127.0.0.1:9"  # port 9, "discard", on this machine: nothing listens there
OFFLINE = {
    name: NOWHERE for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
}

# Linux: prctl's and seccomp's numbers from linux/prctl.h, linux/seccomp.h, linux/filter.h and linux/audit.h.
NO_NEW_PRIVILEGES, SET_SECCOMP, FILTER_MODE = 38, 22, 2
LOAD, EQUAL, AT_LEAST, ANSWER = 0x20, 0x15, 0x35, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EACCES
MACHINES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}  # audit's name, the number of socket()
X32 = 0x40000000  # marks calls of the x32 kind on x86_64; no machine has so many others
INTERNET = (2, 10)  # AF_INET, AF_INET6


def stay_offline() -> bool:
    """Refuse this process any Internet socket; True where the kernel agreed.

    To be called before a thread is started. Source of the layout: kernel.org, userspace-api/seccomp_filter.
    """
    if sys.platform != "linux" or platform.machine() not in MACHINES or sys.maxsize < 2**32:
        return False
    audit, socket = MACHINES[platform.machine()]
    # (code, jump if true, jump if false, value) over struct seccomp_data: number, machine, address, arguments.
    # Calls of another machine (32-bit code) or of the x32 kind could make sockets under other numbers: refused whole.
    steps = [
        (LOAD, 0, 0, 4),
        (EQUAL, 0, 7, audit),
        (LOAD, 0, 0, 0),
        (AT_LEAST, 5, 0, X32),
        (EQUAL, 0, 3, socket),
        (LOAD, 0, 0, 16),
        (EQUAL, 2, 0, INTERNET[0]),
        (EQUAL, 1, 0, INTERNET[1]),
        (ANSWER, 0, 0, ALLOW),
        (ANSWER, 0, 0, REFUSE),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0 and libc.prctl(SET_SECCOMP, FILTER_MODE, program, 0, 0) == 0
