"""The detector's process: looks at a video and leaves a take, telling how far it is in JSON lines."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import importlib.util
import json
import os
import re
import shutil
import sys
import threading
import types
from pathlib import Path

from .offline import stay_offline

SCRATCH = ".detect-"  # how the folder begins in which a job leaves its take
CHUNK = 1 << 24  # bytes of the video that are read at a time for its digest
NICE = 10  # of 19: Blender's own work goes first, and idle cores are still used
# Debian's packages of the libraries that MediaPipe's and OpenCV's native code load.
PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGLESv2.so.2": "libgles2",
    "libGL.so.1": "libgl1",
    "libgthread-2.0.so.0": "libglib2.0-0",
}


def main(words: str) -> int:
    """Do one job and tell of it on standard output.

    words: JSON {"verb": "look", "report", "picture", "film" or "faces", or none to watch all of it; "video", "out":
    paths; "start", "end": s or null; "polite": whether to leave others the right of way; "performer", "cuts": to watch,
    see `watch`; "mask", "joints": to make a puppet, see `picture`}.
    Lines: {"done", "total"} now and then; {"error", "message"} where the user has something to mend.
    """
    stay_offline()
    job = json.loads(words)
    if job["polite"] and hasattr(os, "nice"):
        os.nice(NICE)  # before a thread is started: each has its own on Linux; Windows is told when we are started
    threading.Thread(target=_end_with_parent, args=(Path(job["out"]).parent,), daemon=True).start()
    _stand_in_for_what_blender_lacks()
    from ..errors import UnderstudyError

    try:
        verbs = {"look": look, "report": report, "picture": picture, "film": film, "faces": faces}
        verb = verbs.get(job.get("verb"), watch)
        chosen = {name: job[name] for name in ("performer", "cuts", "mask", "joints") if name in job}
        verb(job["video"], Path(job["out"]), job["start"], job["end"], **chosen)
        return 0
    except UnderstudyError as fault:
        named = fault
    except (OSError, ImportError) as fault:
        named = _named(fault, job["video"])
    _tell(error=type(named).__name__, message=str(named))
    return 2


def _stand_in_for_what_blender_lacks() -> None:
    """Let MediaPipe load where packages are absent that it imports, but that finding landmarks takes no use of."""
    stand_ins = {
        "matplotlib": {},  # draws landmarks
        "matplotlib.pyplot": {},
        "certifi": {"where": lambda: ""},  # certificates for the network, which this process never reaches
    }
    absent = [name for name in ("matplotlib", "certifi") if importlib.util.find_spec(name) is None]
    for name, contents in stand_ins.items():
        if name.split(".")[0] in absent:
            module = sys.modules[name] = types.ModuleType(name)
            vars(module).update(contents)


def _named(fault: OSError | ImportError, video: str):
    """The same fault as one of ours. video: path of what was looked at."""
    from ..errors import DetectorError, OutputError, VideoError

    missing = re.search(r"(lib[\w.+-]+\.so[\w.]*): cannot open shared object file", str(fault))
    if missing is not None:
        name = missing[1]
        package = f" (Debian's package {PACKAGES[name]})" if name in PACKAGES else ""
        return DetectorError(f"The detector needs the system library {name}{package}, which is missing: install it.")
    if isinstance(fault, ModuleNotFoundError):
        return DetectorError(f"The detector needs the Python package {fault.name}, which is missing: install it.")
    if isinstance(fault, ImportError) or fault.errno is None:  # ctypes' faults bear no number
        why = " ".join(str(fault).split())[:300]
        return DetectorError(f"The detector's native code cannot be loaded ({why}): install Understudy again.")
    why = fault.strerror or fault
    if type(fault).__module__.startswith("av") or fault.filename == video:
        return VideoError(f"{Path(video).name} could not be read to its end ({why}): copy or record it again.")
    return OutputError(f"The take cannot be written ({why}): make room, or give another place for it.")


def watch(
    path: str, out: Path, start: float | None, end: float | None, performer: str = "", cuts: str = "bridge"
) -> None:
    """Look at a video and write its take, or takes; memory does not grow with its length.

    path: of the video. out: of the take; its folder takes scratch files too, and where there are takes of several
    shots, those as shots.numbered names them. start, end: s or None. performer: as performer.read understands it, ""
    for the most prominent one. cuts: of shots.CUTS.
    Raises NobodyError where no picture shows a performer.
    """
    from .. import models, record
    from ..detectors import DETECTORS
    from ..footage import video
    from ..people import census
    from ..people.performer import read

    clip = video.probe(path)
    video.checked_range(clip, start, end)
    found, total = models.find(), _expected(clip, start, end)
    wanted = read(performer) if performer else None
    _tell(done=0, total=total)
    with DETECTORS["mediapipe"](found) as detector:
        cast = census.cast_of(detector, path, start, end, wanted)
        shots = _watched(detector, video.pictures(path, start, end), cast, cuts, out.parent, total)
        seen_by = {"name": detector.name, "version": detector.version, "models": models.digests(found)}
    told = {"start": start, "end": end} | ({"performer": performer} if performer else {})
    told |= {"cuts": cuts} if len(shots.begins) > 1 else {}
    source = {"path": path, "sha256": _digest(path), "seconds": clip.seconds, "sound": clip.sound,
              "start": start, "end": end, "cuts": shots.begins[1:]}  # fmt: skip
    source |= {"people": len(cast.members), "performer": cast.chosen + 1} if cast is not None else {}
    for place, spool in shots.places(out, path):
        rate = {"fps": spool.fps or clip.fps}
        record.save(spool.take(clip.size, source=source | rate, detector=seen_by, history=(("detect", told),)), place)


@dataclasses.dataclass(frozen=True)
class Shots:
    """What was seen, shot by shot. begins: s, of each shot. spools: what was seen, of each, or of all of them."""

    begins: list[float]
    spools: list

    def places(self, out: Path, path: str) -> list[tuple[Path, object]]:
        """(place of the take, spool) of each shot in which somebody is; a single one goes to `out` itself.

        path: of the video. Raises NobodyError where there is none.
        """
        from ..errors import NobodyError
        from ..footage.shots import numbered

        there = [(number, spool) for number, spool in enumerate(self.spools, 1) if spool.somebody]
        if not there:
            count = sum(spool.count for spool in self.spools)
            raise NobodyError(
                f"Nobody was found in {Path(path).name}: none of its {count} pictures shows a face, a hand or a body "
                "clearly; a performer should be lit, in focus and large enough in the picture."
            )
        if len(there) == 1:
            return [(out, there[0][1])]
        return [(numbered(out, number), spool) for number, spool in there]


def _watched(detector, pictures, cast, cuts: str, folder: Path, total: int) -> Shots:
    """Look at all pictures. folder: for scratch files. The others: as `watch` has them."""
    from ..footage import shots
    from .spool import Spool

    done, begins, spools = 0, [], []
    with contextlib.closing(pictures), contextlib.closing(shots.split(pictures)) as parts:
        for number, part in enumerate(parts):
            if not spools or cuts == shots.SPLIT:
                spools.append(Spool(folder / str(number)))
            if cast is not None and number:
                cast.forget_places()
            with contextlib.closing(detector.watch(part, cast)) as sights:
                for index, sight in enumerate(sights):
                    if index == 0:
                        begins.append(sight.time)
                    done += 1
                    spools[-1].add(sight)
                    _tell(done=done, total=max(done, total))
            if cuts == shots.FIRST:
                break
    return Shots(begins, spools)


def look(path: str, out: Path, start: float | None, end: float | None) -> None:
    """Look at a few pictures of a video and write what was measured; see glance.glance."""
    from .glance import glance

    glance(path, out, start, end, lambda done, total: _tell(done=done, total=total))


def report(path: str, out: Path, _start: None, _end: None) -> None:
    """Write the report of the take and the performance that lie in the folder `out`; see report.apart."""
    from .. import record
    from ..performance import Performance
    from ..report import Making, apart, write
    from ..take import Take

    take, performance = record.load(Take, out / apart.TAKE), record.load(Performance, out / apart.PERFORMANCE)
    write(take, performance, None, out, Making(path or None))


def picture(path: str, out: Path, _start: None, _end: None, mask: str | None, joints: str | None) -> None:
    """Make a puppet of the picture at `path` and write it; mask, joints: paths, see puppet.build."""
    from .. import models, record
    from ..puppet.build import build

    record.save(build(Path(path), models.find(), mask and Path(mask), joints and Path(joints)), out)


def film(path: str, out: Path, moment: float, end: float) -> None:
    """Make a puppet of the picture at a moment of the film at `path` and write it; see film_puppet."""
    from .. import models, record
    from ..puppet.film_puppet import puppet_of_film

    record.save(puppet_of_film(Path(path), models.find(), moment, end), out)


def faces(path: str, out: Path, _start: None, _end: None) -> None:
    """Look at the pictures of single faces in the folder at `path`; see face_fit.look."""
    import cv2
    import numpy as np

    from .. import models
    from ..detectors.stills import face_points

    files = sorted(Path(path).glob("*.png"))
    pictures = (cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB) for file in files)
    found = []
    for points in face_points(models.find()["face"], pictures):
        found.append(points)
        _tell(done=len(found), total=len(files))
    np.save(out, np.array(found, np.float32))


def _expected(clip, start: float | None, end: float | None) -> int:
    begin = start or 0.0
    span = min(clip.seconds if end is None else end, clip.seconds) - begin
    return max(1, round(clip.frames * span / clip.seconds))


def _digest(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            _tell(hashed=file.tell())  # a sign of life: a long video takes its time
    return digest.hexdigest()


def _tell(**facts) -> None:
    print(json.dumps(facts), flush=True)


def _end_with_parent(scratch: Path) -> None:
    """End at once when the parent has gone, and leave nothing behind.

    scratch: the job's folder. The parent holds the other end of standard input, and never writes to it.
    """
    while os.read(sys.stdin.fileno(), 1024):  # unbuffered: Python cannot end while a thread holds a buffer's lock
        pass
    if scratch.name.startswith(SCRATCH):
        shutil.rmtree(scratch, ignore_errors=True)
    os._exit(3)
