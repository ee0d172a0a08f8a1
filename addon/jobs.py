"""Long work that leaves the interface free: a thread does it, an operator looks in ten times a second."""

import threading
import time
import traceback
from collections.abc import Callable

import bpy

from ..solvers.errors import Cancelled, UnderstudyError

PERIOD = 0.1  # s between two looks at a job
PATIENCE = 8.0  # s that a job which is asked to end may take: its child is given 2 s before it is killed
Work = Callable[[Callable[[int, int], None], Callable[[], bool]], object]

_jobs: dict[str, "Job"] = {}


class Job:
    """One piece of work in a thread; its fields are read by whoever is interested.

    kind: what it is, one of each at a time. title: for the user. work: called with (progress, cancelled); what it
    returns is the result, an UnderstudyError it raises is the fault.
    """

    def __init__(self, kind: str, title: str, work: Work):
        self.kind, self.title, self._work = kind, title, work
        self.done, self.total, self._begun = 0, 0, time.monotonic()
        self.result, self.fault = None, None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"understudy {kind}", daemon=True)

    @property
    def running(self) -> bool:
        """Whether it is still at work."""
        return self._thread.is_alive()

    @property
    def share(self) -> float:
        """How much of it is done, 0..1."""
        return min(self.done / self.total, 1.0) if self.total else 0.0

    @property
    def left(self) -> float | None:
        """How many seconds it will still take, as far as can be told."""
        spent = time.monotonic() - self._begun
        return spent / self.share - spent if self.share > 0 and spent > 2.0 else None

    def cancel(self) -> None:
        """Ask it to end soon; nothing comes of it then."""
        self._stop.set()

    def _progress(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        if self._stop.is_set():
            raise Cancelled(f"{self.title} was cancelled; nothing was changed.")

    def _run(self) -> None:
        try:
            self.result = self._work(self._progress, self._stop.is_set)
        except UnderstudyError as fault:
            self.fault = fault
        except Exception as fault:  # a fault of ours must reach the artist too, not die with the thread
            traceback.print_exc()
            self.fault = UnderstudyError(
                f"{self.title} failed by a fault of Understudy ({type(fault).__name__}: {fault}); the system console "
                "has more, please report it."
            )
        if self._stop.is_set() and self.fault is None:
            self.result, self.fault = None, Cancelled(f"{self.title} was cancelled; nothing was changed.")


def start(kind: str, title: str, work: Work, instead: bool = False) -> Job:
    """Begin a job.

    kind, title, work: as Job has them. instead: end one of this kind that is running, whose result nobody wants now.
    Raises UnderstudyError if one of this kind is running that is not to be ended.
    """
    before = running(kind)
    if before is not None and not instead:
        raise UnderstudyError(f"{before.title} is still running: wait for it, or cancel it with Esc.")
    if before is not None:
        before.cancel()
    _jobs[kind] = Job(kind, title, work)
    _jobs[kind]._thread.start()
    return _jobs[kind]


def running(kind: str) -> Job | None:
    """The job of a kind that is at work now."""
    job = _jobs.get(kind)
    return job if job is not None and job.running else None


def forget(job: Job) -> bool:
    """Let go of a job whose end has been dealt with; False where another of its kind has taken its place."""
    wanted = _jobs.get(job.kind) is job
    if wanted:
        del _jobs[job.kind]
    return wanted


def cancel_all() -> None:
    """End all jobs and wait until they have tidied up after themselves."""
    for job in _jobs.values():
        job.cancel()
    for job in _jobs.values():
        job._thread.join(PATIENCE)
    _jobs.clear()


class Waiting:
    """What operators with long work have in common.

    Each has `begin(context) -> Work`, made of what the scene holds now, which must not touch Blender; and
    `finish(context, result)`, which takes over what came of it. From the interface they run beside it, and Esc
    cancels; from a script, or in background, they wait for the end. `finish` makes one undo step.
    """

    kind = ""
    title = ""
    instead = False  # whether a new start ends the one before

    def invoke(self, context, _event):
        """Start the work and stay with it."""
        if bpy.app.background:
            return self.execute(context)
        try:
            self._job = start(self.kind, self.title, self.begin(context), self.instead)
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        self._timer = context.window_manager.event_timer_add(PERIOD, window=context.window)
        self._shown = -1
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context, event):
        """Look in on the work; everything else in Blender goes on as ever."""
        if event.type == "ESC" and event.value == "PRESS" and not context.screen.is_animation_playing:
            self._job.cancel()
            return {"RUNNING_MODAL"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        if self._job.running:
            self._show(context)
            return {"PASS_THROUGH"}
        return self._end(context)

    def cancel(self, context):
        """Blender takes the operator away: a file is opened, or its window is closed."""
        self._job.cancel()
        self._let_go(context)

    def execute(self, context):
        """Do the work and wait for its end."""
        try:
            self.finish(context, self.begin(context)(lambda done, total: None, lambda: False))
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        return {"FINISHED"}

    def _show(self, context) -> None:
        percent = round(100 * self._job.share)
        if percent != self._shown:
            self._shown = percent
            context.workspace.status_text_set(f"{self.title} {percent} %    Esc: Cancel")
            redraw(context)

    def _end(self, context):
        self._let_go(context)
        wanted = forget(self._job)
        if isinstance(self._job.fault, Cancelled) and not wanted:
            self.report({"INFO"}, f"{self.title} was begun anew; the first one has ended")
            return {"CANCELLED"}
        if isinstance(self._job.fault, Cancelled):
            self.report({"WARNING"}, str(self._job.fault))
            return {"CANCELLED"}
        if self._job.fault is not None:
            self.report({"ERROR"}, str(self._job.fault))
            return {"CANCELLED"}
        try:
            self.finish(context, self._job.result)
        except UnderstudyError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        return {"FINISHED"}

    def _let_go(self, context) -> None:
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None
        if context.workspace is not None:
            context.workspace.status_text_set(None)
        redraw(context)


def redraw(context) -> None:
    """Draw the sidebars anew, and nothing else."""
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                for region in area.regions:
                    if region.type == "UI":
                        region.tag_redraw()


class UNDERSTUDY_OT_cancel(bpy.types.Operator):
    """End the work that is running; nothing comes of it"""

    bl_idname = "understudy.cancel"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}

    kind: bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, _context):
        """Ask the job to end; the operator that waits for it tells."""
        job = running(self.kind)
        if job is None:
            self.report({"INFO"}, "Nothing is running that could be cancelled")
            return {"CANCELLED"}
        job.cancel()
        return {"FINISHED"}


@bpy.app.handlers.persistent
def _another_file(*_):
    cancel_all()


CLASSES = (UNDERSTUDY_OT_cancel,)


def register() -> None:
    """See to it that nothing outlives the file that it belongs to."""
    bpy.app.handlers.load_pre.append(_another_file)


def unregister() -> None:
    """Leave nothing running."""
    bpy.app.handlers.load_pre.remove(_another_file)
    cancel_all()
