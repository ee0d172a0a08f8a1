"""Everything between a video and a clip for a rig: pure Python, numpy and scipy, never Blender.

detect.py, solve.py and retarget.py are the way; the last two read like lists of what they do. take.py, performance.py,
character.py and clip.py are what they hand on. All the rest is in rooms, and each room's __init__.py says what is in
it: footage, detectors, looking, people, body, hands, face, captures, motion, rigs, retargeting, puppet, environment,
exports, report.
"""

import os

# The solver's matrices are narrow bands, which more threads do not make faster; where other programs are busy the
# threads of scipy's OpenBLAS wait for each other by spinning, and a solve of 0.5 s took 5 to 9 s (2 cores, load 3).
# The library reads this once, when scipy first loads it; whoever has set it keeps their choice.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
