"""Every kind of bad video ends in a usable take, or in one sentence that says what is wrong."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from understudy.solvers import record
from understudy.solvers.take import Take

# Videos without a performer, and files that are no video: what the sentence must speak of.
REFUSED = {
    "audio_only.m4a": "sound",
    "audio_only.mp4": "sound",
    "black_silent.mp4": "nobody",
    "jpeg_renamed.mp4": "still picture",
    "noise_no_person.mp4": "nobody",
    "testpattern_no_person.mp4": "nobody",
    "text_renamed.mp4": "not a video",
    "truncated_no_moov.mp4": "cut off",
    "zero_bytes.mp4": "empty",
}
TAKEN = (
    "anim.gif codec_hevc.mp4 codec_mjpeg.avi codec_mpeg4.avi codec_prores.mov codec_vp9.webm cropped_no_hands.mp4 "
    "edit_list_negative_ts.mp4 fps120_duplicated.mp4 h264_10bit.mp4 hard_cut_person_swap.mp4 interlaced.mp4 "
    "jump_cut.mp4 lowlight_noisy.mp4 mirrored_selfie.mp4 motion_blur.mp4 nonsquare_pixels_sar4_3.mp4 "
    "occluder_over_face.mp4 odd_size_yuv444.mp4 one_frame.mp4 person_enters_late.mp4 phone_rotated_portrait.mp4 "
    "rotated_180.mp4 tiny_96x72.mp4 truncated_faststart.mp4 uhd_4k.mp4 variable_frame_rate.mp4"
).split() + ["unicode name é 日本 #1.mp4"]
# A few pictures are enough; these show their performer, or their lack of one, later.
RANGES = {"person_enters_late.mp4": ("--start", "2")}
SHORT = ("--end", "0.15")
LONGEST = 120  # s, after which a detection counts as hung


def detect(video, folder, words):
    """The finished process of `understudy detect`, and the folder with what it left."""
    folder.mkdir()
    line = [sys.executable, "-m", "understudy", "detect", str(video), "--out", str(folder / "t.npz"), *words]
    done = subprocess.run(line, capture_output=True, text=True, timeout=LONGEST, cwd=folder, stdin=subprocess.DEVNULL)
    return done, folder


@pytest.fixture(scope="module")
def outcomes(shared, tmp_path_factory):
    """{file: (process, folder)} of all bad videos, two at a time."""
    place = tmp_path_factory.mktemp("bad")
    videos = {path.name: (path, RANGES.get(path.name, SHORT)) for path in (shared / "videos" / "bad").iterdir()}
    videos["no_person_room.mp4"] = (shared / "videos" / "real" / "no_person_room.mp4", ())
    with ThreadPoolExecutor(2) as pool:
        started = {
            name: pool.submit(detect, path, place / str(number), words)
            for number, (name, (path, words)) in enumerate(videos.items())
        }
    return {name: future.result() for name, future in started.items()}


def test_all_of_them_are_known(shared):
    """Each of the 37 files is expected to end in one of the two ways."""
    there = {path.name for path in (shared / "videos" / "bad").iterdir()}
    assert there == set(REFUSED) | set(TAKEN) and len(there) == 37


@pytest.mark.parametrize("name", TAKEN)
def test_flawed_videos_give_takes(outcomes, name):
    """A video with a performer in it gives a take with rising times in which somebody is seen."""
    done, folder = outcomes[name]
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert [path.name for path in folder.iterdir()] == ["t.npz"]
    take = record.load(Take, folder / "t.npz")
    assert len(take.time) and (np.diff(take.time) > 0).all()
    assert any(getattr(take, part).seen.any() for part in ("body", "face", "left_hand", "right_hand"))


@pytest.mark.parametrize("name", [*REFUSED, "no_person_room.mp4"])
def test_hopeless_files_are_refused_in_one_sentence(outcomes, name):
    """Where there is no performer, or no video, the exit code is 2, one sentence says so, and no file is left."""
    done, folder = outcomes[name]
    assert done.returncode == 2 and not list(folder.iterdir()), done.stderr
    assert done.stderr.startswith("understudy: ") and done.stderr.count("\n") == 1 and len(done.stderr) < 300
    assert name in done.stderr and REFUSED.get(name, "nobody") in done.stderr.lower()
