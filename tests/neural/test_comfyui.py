"""ComfyUI: named inputs are filled in, progress comes over the WebSocket or not, films and pictures come back."""

import dataclasses
import json
import threading

import numpy as np
import pytest
from understudy.addon.neural import comfyui
from understudy.solvers.errors import Cancelled, OutputError, ServiceError
from understudy.solvers.footage import film, video

from .standins import NEVER, ComfyUI, StandIn


def node(title, kind, **inputs):
    """One node of a workflow."""
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": title}}


NODES = {
    "1": node("understudy:video", "VHS_LoadVideo", video="old.mp4", force_rate=0),
    "2": node("Understudy:Character", "LoadImage", image="old.png"),
    "3": node("understudy:prompt", "CLIPTextEncode", text="old", clip=["8", 0]),
    "4": node("understudy:seed@noise_seed", "Sampler", a=1, noise_seed=0, b=2),
    "5": node("understudy:width", "Size", width=0, height=0),
    "9": node("understudy:result", "VHS_VideoCombine", images=["4", 0]),
}


@pytest.fixture
def workflow(tmp_path):
    """A workflow in API form."""
    path = tmp_path / "flow.json"
    path.write_text(json.dumps(NODES))
    return path


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A film as ComfyUI makes it, without sound."""
    path = tmp_path_factory.mktemp("made") / "made.mp4"
    film.write(path, (np.full((32, 48, 3), k, np.uint8) for k in range(20)), 16)
    return path.read_bytes()


def test_workflow_is_filled_in_and_run(workflow, order, made, tmp_path):
    """Files are uploaded once, values go to the right inputs, the rest stays; progress is told; the film has sound."""
    order, told, answers = dataclasses.replace(order, prompt="a knight"), [], ComfyUI({"made.mp4": made})
    answers.gate.clear()

    def progress(done, _total):
        told.append(done)
        if done == 125:  # three quarters of the first of six nodes
            answers.gate.set()

    with StandIn(answers) as server:
        comfyui.ComfyUI(workflow, server.url, 0.05).render(order, tmp_path / "out.mp4", progress, lambda: False)
        nodes = answers.prompt["prompt"]
        assert [path for _, path, _, _ in server.said if path.startswith("/ws")]
        assert len(server.asked("POST", "/upload/image")) == 2
    assert nodes["1"]["inputs"] == {"video": f"understudy/{order.video.name}", "force_rate": 0}
    assert nodes["2"]["inputs"]["image"] == "understudy/portrait.png" and nodes["3"]["inputs"]["text"] == "a knight"
    assert nodes["4"]["inputs"] == {"a": 1, "noise_seed": 3, "b": 2} and nodes["5"]["inputs"]["width"] == 960
    assert nodes["9"] == NODES["9"] and NODES == json.loads(workflow.read_text())
    assert 125 in told and told[-1] == 1000
    clip = video.probe(tmp_path / "out.mp4")
    assert (clip.size, clip.frames, clip.fps, clip.sound) == ((48, 32), 20, 16, True)


def test_pictures_become_a_film(workflow, order, tmp_path):
    """A workflow that saves pictures gives a film of the clip's rate."""
    import cv2

    files = {f"{k}.png": cv2.imencode(".png", np.full((31, 48, 3), 20 * k, np.uint8))[1].tobytes() for k in range(4)}
    with StandIn(ComfyUI(files, speaks=False)) as server:
        comfyui.ComfyUI(workflow, server.url, 0.02).render(order, tmp_path / "out.mp4", *NEVER)
    clip = video.probe(tmp_path / "out.mp4")
    assert (clip.size, clip.frames, clip.fps) == ((48, 30), 4, 12)


def test_failing_node_is_named(workflow, order, made, tmp_path):
    """What fails in a workflow is told with its node and its reason."""
    with StandIn(ComfyUI({}, fault="CUDA out of memory.")) as server:
        with pytest.raises(ServiceError, match=r"Sampler \(4\): CUDA out of memory"):
            comfyui.ComfyUI(workflow, server.url, 0.02).render(order, tmp_path / "out.mp4", *NEVER)


def test_invalid_workflow_is_told(workflow, order, tmp_path):
    """What ComfyUI finds wrong with a workflow is told with its node."""
    refusal = {"error": {"type": "prompt_outputs_failed_validation", "message": "Prompt outputs failed validation"},
               "node_errors": {"4": {"class_type": "Sampler", "errors": [{"message": "Value not in list",
                                                                         "details": "model"}]}}}  # fmt: skip
    with StandIn(ComfyUI({}, refusal=refusal)) as server:
        with pytest.raises(ServiceError, match=r"node 4 \(Sampler\): Value not in list model"):
            comfyui.ComfyUI(workflow, server.url, 0.02).render(order, tmp_path / "out.mp4", *NEVER)


@pytest.mark.parametrize("speaks", [True, False])
def test_cancelled_work_is_taken_back(workflow, order, made, tmp_path, speaks):
    """A slow workflow that nobody waits for any more is taken out of the queue and interrupted."""
    stop = threading.Event()
    threading.Timer(0.4, stop.set).start()
    answers = ComfyUI({"made.mp4": made}, speaks=speaks)
    answers.gate.clear()
    with StandIn(answers) as server:
        with pytest.raises(Cancelled):
            comfyui.ComfyUI(workflow, server.url, 0.1).render(
                order, tmp_path / "out.mp4", lambda done, total: None, stop.is_set
            )
        assert json.loads(server.asked("POST", "/queue")[0]) == {"delete": ["abc"]}
        assert json.loads(server.asked("POST", "/interrupt")[0]) == {"prompt_id": "abc"}
        answers.gate.set()
    assert not (tmp_path / "out.mp4").exists()


def test_unreachable_server_is_told(workflow, order, tmp_path):
    """Where no ComfyUI listens there is one sentence with the address."""
    with pytest.raises(ServiceError, match="ComfyUI cannot be reached at http://127.0.0.1:9 "):
        comfyui.ComfyUI(workflow, "http://127.0.0.1:9", 0.02).render(order, tmp_path / "out.mp4", *NEVER)


@pytest.mark.parametrize("words, hint", [
    ("{", "no JSON"), ("[]", "no workflow"), ('{"nodes": [], "links": []}', "Export"),
    ('{"1": {"inputs": 3}}', "no workflow"),
    (json.dumps({"1": node("understudy:cat", "A")}), "understudy:cat"),
    (json.dumps({"1": node("understudy:seed", "A", x=1)}), "after an @"),
])  # fmt: skip
def test_unfit_workflow_is_told_before_anything_is_run(order, tmp_path, words, hint):
    """A workflow that cannot be filled in is refused with what would be right, and is not run."""
    (tmp_path / "flow.json").write_text(words)
    with StandIn(ComfyUI({})) as server:
        with pytest.raises(ServiceError, match=hint):
            comfyui.ComfyUI(tmp_path / "flow.json", server.url).render(order, tmp_path / "out.mp4", *NEVER)
        assert not server.asked("POST", "/prompt")


def test_workflow_without_a_result_is_told(workflow, order, tmp_path):
    """A workflow that ends without any file says what is missing."""
    with StandIn(ComfyUI({})) as server:
        with pytest.raises(ServiceError, match="understudy:result"):
            comfyui.ComfyUI(workflow, server.url, 0.02).render(order, tmp_path / "out.mp4", *NEVER)


def test_full_disk_is_told(workflow, order, made, tmp_path, monkeypatch):
    """Where the film has no room, that is said, and nothing half is left."""

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("understudy.addon.neural.web.open", full, raising=False)
    with StandIn(ComfyUI({"made.mp4": made})) as server:
        with pytest.raises(OutputError, match="disk is full"):
            comfyui.ComfyUI(workflow, server.url, 0.02).render(order, tmp_path / "out.mp4", *NEVER)
    assert not (tmp_path / "out.mp4").exists()
