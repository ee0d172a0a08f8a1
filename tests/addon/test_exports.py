"""What is exported, Blender reads as it was meant."""

import bpy
import numpy as np
from understudy.solvers import exports, names, skeleton


def test_blender_reads_the_bvh_as_the_performance(performance, tmp_path):
    """Imported with Blender's own reader, every joint stands where the performance has it, upright and in metres."""
    exports.write(performance, tmp_path / "p.bvh")
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.import_anim.bvh(filepath=str(tmp_path / "p.bvh"), update_scene_fps=True, update_scene_duration=True)
    (rig,) = bpy.context.scene.objects
    assert bpy.context.scene.render.fps == 24 and bpy.context.scene.frame_end >= 48
    joints = skeleton.joint_positions(performance.rotations, performance.root, performance.skeleton)
    for sample in (0, 20, 47):
        bpy.context.scene.frame_set(sample + 1)
        for joint, name in enumerate(names.JOINTS):
            place = np.array(rig.matrix_world @ rig.pose.bones[name].head)
            assert np.allclose(place, joints[sample, joint], atol=2e-4), (sample, name)
