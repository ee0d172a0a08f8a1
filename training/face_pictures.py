"""The pictures that teach the face: who is rendered, how often, and what MediaPipe's face networks see in them.

    python -m understudy.training.face_pictures MATERIAL WORK

MATERIAL holds characters/ (see people.HEADS), training/ict_landmarks.npz and models/ (face.task, face_landmarker.task).
About 12000 pictures of 188 people; an hour and a half on two cores. What is in WORK already is kept.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

STUDIO = 100  # seeds from here on, as in render_faces
PEOPLE = {"own": 30, "lady": 18, "woman": 14, "man": 14, "capture": 20, "ict": 40}
PICTURES = 60  # of each
STUDIO_PEOPLE = {"own": 8, "lady": 6, "woman": 6, "man": 6, "capture": 6, "ict": 20}  # more, seen in a studio
STUDIO_PICTURES = 80
SCORED = 3  # every how many people are also seen by the network with scores
NETWORKS = {"plain": "face.task", "scored": "face_landmarker.task"}


def order() -> list[tuple[str, int]]:
    """All people (head, seed), so that any beginning of the list holds every head in its share."""
    everybody = [((k + 0.5) / count, head, k) for head, count in PEOPLE.items() for k in range(count)]
    everybody += [((k + 0.5) / count, head, STUDIO + k) for head, count in STUDIO_PEOPLE.items() for k in range(count)]
    return [(head, seed) for _, head, seed in sorted(everybody)]


def render(material: Path, work: Path) -> None:
    """Render everybody who is not there yet."""
    for head, seed in order():
        folder = work / f"{head}-{seed:02d}"
        if not (folder / "truth.npz").exists():
            folder.mkdir(parents=True, exist_ok=True)
            count = STUDIO_PICTURES if seed >= STUDIO else PICTURES
            words = [str(material), head, str(seed), str(count), str(folder)]
            module = f"{__package__}.render_faces"
            subprocess.run([sys.executable, "-m", module, *words], check=True, stdout=subprocess.DEVNULL)
            print(f"rendered {folder.name}", flush=True)


def see(material: Path, work: Path) -> None:
    """Look at all finished pictures with the plain network, and at those of every third person with the other one."""
    for name, bundle in NETWORKS.items():
        folders = [
            folder
            for folder in sorted(work.iterdir())
            if (folder / "truth.npz").exists()
            and not (folder / f"{name}.npz").exists()
            and (name == "plain" or int(folder.name.split("-")[1]) % SCORED == 0)
        ]
        if folders:
            words = [str(material / "models" / bundle), name, *map(str, folders)]
            subprocess.run([sys.executable, "-m", f"{__package__}.see_faces", *words], check=True)


def gather(material: Path, work: Path) -> None:
    """Render everybody and look at them."""
    render(material, work)
    see(material, work)


if __name__ == "__main__":
    gather(Path(sys.argv[1]), Path(sys.argv[2]))
