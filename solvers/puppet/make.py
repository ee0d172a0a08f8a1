"""A puppet of a picture, made in a process of its own. Joints and a mask may lie beside the picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .. import detect, models, record
from ..errors import CharacterError
from .puppet import Puppet

JOINTS = ("{}.points.json", "{}_cfg.yaml", "{}.yaml", "char_cfg.yaml")  # files with joints beside a picture NAME
MASKS = ("{}_mask.png", "{}.mask.png", "mask.png")


def puppet_of(
    path: Path | str,
    mask: Path | str | None = None,
    joints: Path | str | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Puppet:
    """The puppet that a picture becomes.

    path: of a picture. mask: of one of the same size that is white where the figure is; None takes NAME_mask.png
    beside the picture, if it is there. joints: of a file with the places of joints, AnimatedDrawings' char_cfg.yaml or
    points as `points.py` tells; None takes one beside the picture. cancelled: asked now and then; True ends the work.
    Raises CharacterError where a file is none, ModelError, DetectorError and Cancelled.
    """
    path = Path(path)
    mask, joints = beside(path, MASKS, mask), beside(path, JOINTS, joints)
    models.find()
    with detect.scratch(None) as folder:
        kept = folder / "puppet.npz"
        job = {"verb": "picture", "video": str(path.absolute()), "out": str(kept), "start": None, "end": None}
        job |= {"polite": False, "mask": mask and str(mask.absolute()), "joints": joints and str(joints.absolute())}
        detect.run(job, folder / "words", lambda done, total: None, cancelled or (lambda: False))
        return record.load(Puppet, kept)


def beside(path: Path, names: tuple[str, ...], given: Path | str | None) -> Path | None:
    """A file that belongs to a picture: the one that is given, else the first of some names that lies beside it.

    names: with {} for the picture's name; one without {} counts only beside a picture that is called texture.
    Raises CharacterError where the one that is given is missing.
    """
    if given:
        if not Path(given).is_file():
            raise CharacterError(f"There is no file {given}: give the path of one that belongs to {path.name}.")
        return Path(given)
    stems = dict.fromkeys((path.stem, path.stem.removesuffix("_texture")))
    for name in names:
        for stem in stems if "{}" in name else ([""] if path.stem == "texture" else []):
            file = path.with_name(name.format(stem))
            if file.is_file() and file != path:
                return file
    return None
