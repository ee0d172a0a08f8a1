"""Detection against the raw tasks, and its memory: python -m understudy.benchmarks.detection [VIDEO ...] [--quick]

Our detector beside MediaPipe's three Tasks run one after the other on whole pictures, in single-image and in video
mode, by turns on the same pictures, so that whatever else the machine does troubles all alike. Then the most memory
that `understudy detect` takes, with its child, for a clip of one minute and for one of ten.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..solvers import models
from ..solvers.detectors import DETECTORS
from ..solvers.detectors.plain import PlainTasks
from ..solvers.errors import UnderstudyError
from ..solvers.footage import video
from ..solvers.looking.offline import OFFLINE, stay_offline
from .tables import Row, table

DEMO = Path(__file__).resolve().parents[1] / "presets" / "demo" / "performance.mp4"
ROUNDS, QUICK_ROUNDS = 5, 1
SECONDS, QUICK_SECONDS = 3.0, 1.0  # of each clip, from its middle on
MINUTES, QUICK_MINUTES = (1.0, 10.0), (0.1, 1.0)
MEMORY_FPS, MEMORY_HEIGHT = 10, 240  # of the clips whose memory is measured
SAMPLING = 0.05  # s between two looks at the memory

# What is compared: detectors over the same networks. The first is ours.
WAYS: dict[str, Callable] = {
    "ours": DETECTORS["mediapipe"],
    "raw tasks, single images": PlainTasks,
    "raw tasks, video mode": lambda networks: PlainTasks(networks, following=True),
}


def speeds(path: Path, seconds: float, rounds: int) -> list[Row]:
    """Pictures a second of each way, by turns, and how ours compares. path: of a video; seconds: of it; rounds."""
    networks, clip = models.find(), video.probe(path)
    start = max(0.0, (clip.seconds - seconds) / 2)
    runs: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(rounds):
        for name, way in WAYS.items():
            runs[name].append(_speed(way(networks), path, start, start + seconds))
    note = f"{path.name}, {clip.size[0]}×{clip.size[1]}, median of {rounds}"
    rows = [Row(f"detect: {name}", f"{statistics.median(runs[name]):.1f} pictures/s", note) for name in WAYS]
    ours, *others = WAYS
    for other in others:
        ratio = statistics.median(a / b for a, b in zip(runs[ours], runs[other], strict=True))
        rows.append(Row(f"ours against {other}", f"{ratio:.2f} times", note))
    return rows


def _speed(detector, path: Path, start: float, end: float) -> float:
    """Pictures a second, decoded and looked at, once the networks are there."""
    with detector:
        begun = time.perf_counter()
        count = sum(1 for _ in detector.watch(video.pictures(path, start, end)))
        return count / (time.perf_counter() - begun)


def memory(minutes: tuple[float, float], folder: Path) -> list[Row]:
    """The most memory that detection takes for a short and for a long clip. folder: where the clips are made."""
    peaks, note = [], f"{MEMORY_FPS} pictures a second of {MEMORY_HEIGHT} lines; command and child together"
    for length in minutes:
        clip = looped(DEMO, length * 60, folder / f"{length:g}.mp4")
        peaks.append(peak(["detect", str(clip), "--out", str(folder / "t.npz")]))
    rows = [Row(f"memory for {m:g} min", f"{p / 1e6:.0f} MB", note) for m, p in zip(minutes, peaks, strict=True)]
    return [*rows, Row("the longer against the shorter", f"{peaks[1] / peaks[0]:.2f} times", "the most memory")]


def looped(path: Path, seconds: float, out: Path) -> Path:
    """A small clip that repeats another's pictures. path: of that; seconds: how long; out: the clip made."""
    import av

    with av.open(str(path)) as container:
        pictures = [frame.reformat(height=MEMORY_HEIGHT, width=_even(MEMORY_HEIGHT * frame.width / frame.height))
                    for frame in itertools.islice(container.decode(video=0), 0, None, 3)]  # fmt: skip
    with av.open(str(out), "w") as container:
        track = container.add_stream("mpeg4", rate=MEMORY_FPS)
        track.width, track.height, track.pix_fmt = pictures[0].width, pictures[0].height, "yuv420p"
        for _, rgb in zip(
            range(round(seconds * MEMORY_FPS)),
            itertools.cycle([frame.to_ndarray(format="rgb24") for frame in pictures]),
            strict=False,
        ):
            container.mux(track.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")))
        container.mux(track.encode())
    return out


def _even(size: float) -> int:
    return round(size / 2) * 2


def peak(words: list[str]) -> int:
    """The most memory, bytes, that a command of ours and its children take at one time. words: the command's."""
    command = subprocess.Popen([sys.executable, "-m", "understudy", *words, "--quiet"], stdin=subprocess.DEVNULL)
    most = 0
    while command.poll() is None:
        most = max(most, _resident(command.pid))
        time.sleep(SAMPLING)
    if command.returncode:
        raise UnderstudyError(f"`understudy {words[0]}` ended with {command.returncode}, so its memory is not known.")
    return most


def _resident(pid: int) -> int:
    """Resident bytes of a process and of all that it started; 0 when it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        started = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(map(_resident, started))


def detection(videos: list[Path], quick: bool) -> list[Row]:
    """All rows of this page. videos: to be measured, the demo clip where there are none; quick: short and once."""
    os.environ.update(OFFLINE)
    stay_offline()  # the raw tasks would report their use
    rows = []
    for path in videos or [DEMO]:
        rows += speeds(path, QUICK_SECONDS if quick else SECONDS, QUICK_ROUNDS if quick else ROUNDS)
    if Path("/proc/self/statm").exists():
        with tempfile.TemporaryDirectory() as folder:
            rows += memory(QUICK_MINUTES if quick else MINUTES, Path(folder))
    return rows


def main(words: list[str] | None = None) -> int:
    """Measure and print. words: the command line's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="*", type=Path, metavar="VIDEO", help="to be measured (default: the demo clip)")
    parser.add_argument("--quick", action="store_true", help="one run of each, and short clips for memory")
    arguments = parser.parse_args(words)
    try:
        print(table(detection(arguments.videos, arguments.quick)))
    except UnderstudyError as fault:
        print(f"understudy: {fault}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
