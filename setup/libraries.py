"""Finds the system libraries that Blender's Python module and MediaPipe need, and installs those that are missing.

On Debian and its kin, as root, the packages are installed; otherwise one sentence names them.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

# Library -> Debian package, for what bpy 5.x and mediapipe 1.2 link to (ldd on their shared objects).
PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGLESv2.so.2": "libgles2",
    "libGL.so.1": "libgl1",
    "libOpenGL.so.0": "libopengl0",
    "libX11.so.6": "libx11-6",
    "libXext.so.6": "libxext6",
    "libXrender.so.1": "libxrender1",
    "libXxf86vm.so.1": "libxxf86vm1",
    "libXfixes.so.3": "libxfixes3",
    "libXcursor.so.1": "libxcursor1",
    "libXi.so.6": "libxi6",
    "libXinerama.so.1": "libxinerama1",
    "libXrandr.so.2": "libxrandr2",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
    "libdecor-0.so.0": "libdecor-0-0",
    "libSM.so.6": "libsm6",
    "libICE.so.6": "libice6",
    "libgomp.so.1": "libgomp1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libdbus-1.so.3": "libdbus-1-3",
}
# Mesa's software drivers, without which EGL finds no display to draw Workbench and EEVEE on.
DRIVERS = {"libEGL_mesa.so.0": "libegl-mesa0", "libGLX_mesa.so.0": "libglx-mesa0"}


def shared_objects() -> list[Path]:
    """The shared objects of bpy, mediapipe and OpenCV in this environment."""
    found: list[Path] = []
    for package in ("bpy", "mediapipe", "cv2"):
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            folder = Path(spec.origin).parent
            found += (
                [p for p in folder.rglob("*.so*") if p.is_file()] if package != "bpy" else list(folder.glob("*.so"))
            )
    return found


def missing_libraries() -> set[str]:
    """Names of libraries that the loader cannot find."""
    listing = ""
    for path in shared_objects():
        listing += subprocess.run(["ldd", str(path)], capture_output=True, text=True).stdout
    absent = {line.split()[0] for line in listing.splitlines() if "not found" in line}
    known = subprocess.run(
        ["ldconfig", "-p"], capture_output=True, text=True, env={**os.environ, "PATH": _path()}
    ).stdout
    return absent | {name for name in (*DRIVERS, "libEGL.so.1", "libGLESv2.so.2") if name not in known}


def _path() -> str:
    return os.environ.get("PATH", "") + ":/sbin:/usr/sbin"


def install(packages: list[str]) -> bool:
    """Install Debian packages where that is allowed; True when it was done."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    quiet = {"stdout": subprocess.DEVNULL, "check": True, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
    subprocess.run(["apt-get", "update", "-q"], **quiet)
    subprocess.run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages], **quiet)
    return True


def main() -> int:
    """Look, install what is missing, look again; 2 with one sentence when something is still missing."""
    if sys.platform != "linux":
        return 0
    missing = missing_libraries()
    if not missing:
        return 0
    known = PACKAGES | DRIVERS
    packages = sorted({known[name] for name in missing if name in known})
    if packages:
        print(f"setup: missing system libraries: {', '.join(packages)}", file=sys.stderr)
        if install(packages):
            missing = missing_libraries()
    if missing:
        names = ", ".join(
            f"{name} (Debian package {known[name]})" if name in known else name for name in sorted(missing)
        )
        print(f"setup: these system libraries are missing; install them and try again: {names}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
