"""Work beside the interface."""

import threading
import time

import pytest

pytest.importorskip("bpy")

from understudy.addon import jobs  # noqa: E402
from understudy.solvers.errors import Cancelled, UnderstudyError, VideoError  # noqa: E402


@pytest.fixture(autouse=True)
def no_leftover():
    """Every test ends without a job."""
    yield
    jobs.cancel_all()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("understudy")]


def ended(job, patience=5.0):
    """The job, once it has ended."""
    limit = time.monotonic() + patience
    while job.running:
        assert time.monotonic() < limit, "the job did not end"
        time.sleep(0.01)
    return job


def patient(progress, cancelled):
    """Work that goes on until it is cancelled."""
    while not cancelled():
        progress(1, 4)
        time.sleep(0.01)


def test_result_and_progress_arrive():
    """What the work returns is the job's result, and its share follows the progress told."""
    job = ended(jobs.start("sum", "Adding", lambda progress, cancelled: progress(3, 4) or 42))
    assert (job.result, job.fault, job.share) == (42, None, 0.75)


def test_cancelled_work_has_no_result():
    """Work that is cancelled ends with Cancelled, whatever it returns."""
    job = jobs.start("long", "Waiting", patient)
    job.cancel()
    assert isinstance(ended(job).fault, Cancelled) and job.result is None


def test_second_start_is_refused_or_takes_over():
    """One job of a kind: another start is refused with a sentence, or ends the first where that is wanted."""
    first = jobs.start("long", "Waiting", patient)
    with pytest.raises(UnderstudyError, match="still running"):
        jobs.start("long", "Waiting", patient)
    second = jobs.start("long", "Waiting", patient, instead=True)
    assert isinstance(ended(first).fault, Cancelled)
    assert second.running and jobs.running("long") is second
    assert not jobs.forget(first) and jobs.forget(second)
    second.cancel()
    ended(second)


def test_faults_reach_the_artist():
    """A fault of the user's making arrives as it is; one of ours arrives as a sentence that asks for a report."""

    def bad_video(_progress, _cancelled):
        raise VideoError("bad.mp4 is empty.")

    assert str(ended(jobs.start("bad", "Reading", bad_video)).fault) == "bad.mp4 is empty."
    fault = ended(jobs.start("worse", "Dividing", lambda progress, cancelled: 1 / 0)).fault
    assert isinstance(fault, UnderstudyError) and "ZeroDivisionError" in str(fault) and "report" in str(fault)
