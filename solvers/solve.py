"""From a take to a performance: what the networks saw becomes what the person did."""

from __future__ import annotations

import dataclasses

import numpy as np

from .body import bones, contacts, fit, observed, outliers, posing, root, swaps, witness
from .captures import captured
from .face import expressions, gaze, head
from .hands import posture, touches
from .motion import mirror, rotations, skeleton
from .performance import Performance
from .puppet import tracing
from .settings import Settings
from .take import Take

USUAL = Settings()
SIDES = ("left", "right")


def solve(take: Take, settings: Settings = USUAL) -> Performance:
    """The person's motion over the whole clip, on a skeleton of the person's size that stands on the ground.

    take: as detected; parts that were not seen are bridged, held or at rest, with confidence 0.
    settings: fps, smoothing, foot_lock, height, lens and mirror are used here, the others by retarget.
    """
    time, lens = observed.clock(take, settings), observed.camera(take, settings)
    take = swaps.repaired(outliers.dropped(take))
    whole = observed.gate(take, time)
    whole = observed.turn_to_rays(swaps.feet_ahead(observed.straighten(observed.smooth(whole, settings))), lens)
    sight, present = bones.pick(whole), whole.present

    place = root.translations(sight, lens)
    length = bones.lengths(sight, place[:, 1], lens, settings)
    points = fit.fit(sight, place, length, lens, settings)
    up, rests = contacts.upwards(points, sight), contacts.resting(points, sight)
    pace = fit.liveliness(points, sight.fps)
    feet = contacts.anchors(rests, points, sight, up, None, settings.foot_lock)
    points = fit.fit(sight, place, length, lens, settings, pace, up, feet, points)
    rests = contacts.resting(points, sight)
    up = contacts.levelled(contacts.upwards(points, sight), points, rests, sight.fps)
    ground = contacts.ground(points, rests, sight, up)
    feet = contacts.anchors(rests, points, sight, up, ground, settings.foot_lock)
    points = root.held(fit.fit(sight, place, length, lens, settings, pace, up, feet, points), present)
    touching = contacts.detect(rests, points, sight, up, ground).astype(float)
    points, length = contacts.on_soles(points, length, ground.heel)

    room = rotations.between(up, fit.UP)
    points = rotations.rotate(room, points)
    looks, looked = posing.look(*head.solve_head(take, time, settings), whole, room)
    looks = head.levelled(looks, looked, time)
    palms = {side: posing.palm(posture.solve_hand(take, side, time, settings), room) for side in SIDES}
    world, person = posing.pose(points, posing.skeleton(length), sight, palms, looks, looked)
    path, camera = root.stand(points, ground.height, present, person, take)

    ray = head.sightline(take, time, settings)
    sightline = rotations.multiply(room, rotations.multiply(ray, rotations.inverse(room)))
    values, face_seen = expressions.solve_expressions(take, time, settings)
    values = np.clip(np.nan_to_num(values), 0, 1)
    performance = Performance(
        time=time,
        rotations=rotations.continuous(skeleton.local_rotations(world)),
        root=path,
        skeleton=person,
        expressions=values,
        traced=tracing.traced(take, time, settings, values),
        gaze=np.nan_to_num(gaze.solve_gaze(take, time, settings)),
        contacts=touching,
        confidence=witness.confidence(sight, present, looked, palms),
        face_confidence=np.nan_to_num(face_seen),
        projection=lens.matrix(camera, room),
        size=take.size,
        framing=witness.framing(sight, present),
        source=take.source,
        settings=dataclasses.asdict(settings),
        sightline=sightline,
        warnings=witness.warnings(time, sight, present, face_seen, palms),
        history=(*take.history, ("solve", dataclasses.asdict(settings))),
    )
    performance = captured.played(touches.found(performance), take)
    return mirror.mirrored(performance) if settings.mirror else performance
