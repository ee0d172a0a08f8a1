"""Act-Two from Blender's side: sent as published, retried with patience, cut and joined, and never without a key."""

import dataclasses
import json
import threading
import time

import numpy as np
import pytest
from understudy.addon.neural import parts, runway
from understudy.solvers.errors import Cancelled, OutputError, ServiceError
from understudy.solvers.footage import film, video

from .standins import NEVER, Runway, StandIn


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    """Nothing of the machine's own settings is used."""
    monkeypatch.delenv("RUNWAYML_API_SECRET", raising=False)
    monkeypatch.delenv("RUNWAYML_BASE_URL", raising=False)


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """What the stand-in answers with: 40 s at 24 frames a second, each a little brighter."""
    path = tmp_path_factory.mktemp("made") / "made.mp4"
    film.write(path, (np.full((64, 64, 3), min(255, k // 4), np.uint8) for k in range(960)), 24)
    return path.read_bytes()


@pytest.fixture
def server(made):
    """Starts stand-ins: server(statuses=..., first=...)."""
    running = []

    def start(**options):
        answers = Runway(made, **options)
        stand_in = StandIn(answers)
        answers.url = stand_in.url
        running.append(stand_in)
        return stand_in

    yield start
    for one in running:
        one.__exit__()


def act_two(server, key="key_1"):
    """The renderer for a stand-in, without long waits."""
    return runway.Runway(key, server.url, pause=0.01)


def test_order_is_sent_as_published(server, order, tmp_path):
    """Key, version, uploads and every parameter arrive; the film has the clip's length and its sound."""
    there, told = server(), []
    notes = act_two(there).render(order, tmp_path / "out.mp4", lambda done, total: told.append(done), lambda: False)
    (body,) = there.asked("POST", "/v1/character_performance")
    assert json.loads(body) == {
        "model": "act_two", "character": {"type": "image", "uri": "runway://some-file"},
        "reference": {"type": "video", "uri": "runway://some-file"}, "bodyControl": True, "expressionIntensity": 3,
        "ratio": "960:960", "seed": 3,
    }  # fmt: skip
    for _, path, headers, _ in there.said:
        ours = path.startswith("/v1/")
        assert (headers.get("Authorization") == "Bearer key_1") == ours == ("X-Runway-Version" in headers)
    assert b'name="policy"' in there.asked("POST", "/store")[0] and order.character.read_bytes() in there.said[1][3]
    clip = video.probe(tmp_path / "out.mp4")
    assert (clip.fps, clip.frames, clip.sound) == (24, 96, True) and not notes
    assert told == sorted(told) and told[-1] == 1000


def test_film_of_a_character_is_sent_as_one(server, order, clips, tmp_path):
    """A character that is a film goes out as Act-Two's kind "video"; without a seed none is sent."""
    there = server(statuses=("SUCCEEDED",))
    film_order = dataclasses.replace(order, character=clips(4.0), seed=None, body_control=False)
    act_two(there).render(film_order, tmp_path / "out.mp4", *NEVER)
    body = json.loads(there.asked("POST", "/v1/character_performance")[0])
    assert body["character"]["type"] == "video" and body["bodyControl"] is False and "seed" not in body


def test_long_clip_is_cut_where_little_moves(server, clips, order, tmp_path):
    """A clip of 35 s becomes two requests, cut in its still moment; what comes back is joined in step."""
    long = clips(35.0, ((24.0, 25.0),))
    there, order = server(statuses=("SUCCEEDED",)), dataclasses.replace(order, video=long)
    pieces = parts.quiet_parts(long, 3.0, 30.0)
    assert 24 <= pieces[1].start <= 25 and all(3 <= piece.seconds <= 30 for piece in pieces)
    (note,) = act_two(there).render(order, tmp_path / "out.mp4", *NEVER)
    assert len(there.asked("POST", "/v1/character_performance")) == 2 and "cut where little moves" in note
    assert abs(video.probe(tmp_path / "out.mp4").frames - 35 * 24) <= 2
    seconds = np.array([piece.seconds for piece in pieces])
    assert runway.credits(list(seconds)) == np.ceil(seconds * 5).sum()
    assert act_two(there).cost(order).startswith(f"{runway.credits(list(seconds))} credits ($ 1.7")


def test_short_clip_is_held(server, clips, order, tmp_path):
    """A clip of 2 s is sent with its last picture held up to 3 s; the film is as long as the clip."""
    there, order = server(statuses=("SUCCEEDED",)), dataclasses.replace(order, video=clips(2.0))
    (note,) = act_two(there).render(order, tmp_path / "out.mp4", *NEVER)
    sent = there.asked("POST", "/store")[1]
    (tmp_path / "sent.mp4").write_bytes(sent[sent.index(b"\r\n\r\n", sent.index(b"octet-stream")) + 4 :])
    assert video.probe(tmp_path / "sent.mp4").frames == 36 and video.probe(tmp_path / "out.mp4").frames == 48
    cost = act_two(there).cost(order)
    assert "held" in note and "held" in cost and "15 credits ($ 0.15)" in cost


def test_server_that_is_busy_is_asked_again(server, order, tmp_path):
    """After 429, 502, 503 and a lost answer the same is asked again; a task is created once."""
    first = [("/v1/uploads", 429, {"error": "slow down"}, {"Retry-After": "1"}), ("/store", 503, b"", {}),
             ("/v1/character_performance", 429, {}, {}), ("/v1/tasks/.*", 502, b"<html>", {}),
             ("/film.mp4", 504, b"", {})]  # fmt: skip
    there = server(first=first)
    act_two(there).render(order, tmp_path / "out.mp4", *NEVER)
    assert len(there.answers.tasks) == 1 and (tmp_path / "out.mp4").is_file()


@pytest.mark.parametrize("first, words", [
    (("/v1/uploads", 401, {"error": "no"}, {}), "does not accept the key"),
    (("/v1/character_performance", 400, {"error": "Validation of body failed", "issues": [
        {"path": ["character", "uri"], "message": "No face"}]}, {}), "character.uri: No face"),
    (("/v1/character_performance", 200, b"<html>", {}), "no JSON"),
    (("/v1/uploads", 200, {}, {}), "lacks"),
])  # fmt: skip
def test_refusal_is_told_in_one_sentence(server, order, tmp_path, first, words):
    """What the server refuses is told with its own reason, and nothing is written."""
    with pytest.raises(ServiceError, match=words):
        act_two(server(first=[first])).render(order, tmp_path / "out.mp4", *NEVER)
    assert not any(tmp_path.iterdir())


def test_failed_task_has_its_reason(server, order, tmp_path):
    """A task that fails says why, with Runway's code."""
    with pytest.raises(ServiceError, match=r"ASSET.INVALID.*face could not be found"):
        act_two(server(statuses=("RUNNING", "FAILED"))).render(order, tmp_path / "out.mp4", *NEVER)


def test_cancelled_task_is_taken_back(server, order, tmp_path):
    """Whoever cancels while it is slow gets Cancelled soon, and the task is deleted on the server."""
    there, stops = server(statuses=("RUNNING",)), []
    with pytest.raises(Cancelled):
        runway.Runway("key_1", there.url).render(
            order, tmp_path / "out.mp4", lambda done, total: stops.append(time.monotonic()), lambda: bool(stops)
        )
    assert time.monotonic() - stops[0] < 3 and len(there.asked("DELETE", "/v1/tasks/task-0")) == 1


def test_unreachable_server_is_told(order, tmp_path):
    """Where nobody listens there is one sentence with the address."""
    with pytest.raises(ServiceError, match="cannot be reached at http://127.0.0.1:9 "):
        runway.Runway("key_1", "http://127.0.0.1:9", pause=0.01).render(order, tmp_path / "out.mp4", *NEVER)


def test_full_disk_is_told(server, order, tmp_path, monkeypatch):
    """Where the film has no room, that is said, and nothing half is left."""

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("understudy.addon.neural.web.open", full, raising=False)
    with pytest.raises(OutputError, match="disk is full"):
        act_two(server()).render(order, tmp_path / "out.mp4", *NEVER)
    assert not any(tmp_path.iterdir())


def test_without_a_key_nothing_is_sent(server, order, tmp_path):
    """One sentence says where a key goes; the server hears nothing."""
    there = server()
    with pytest.raises(ServiceError, match="RUNWAYML_API_SECRET"):
        act_two(there, "").render(order, tmp_path / "out.mp4", *NEVER)
    assert not there.said


def test_key_goes_over_https_only(order):
    """A key is not sent in the clear to another machine, nor along a redirection to another server."""
    with pytest.raises(ServiceError, match="https"):
        runway.Runway("key_1", "http://example.org").check(order)
    with StandIn(lambda *_: (200, {}, {})) as other:
        moved = [("/v1/uploads", 302, b"", {"Location": f"{other.url}/v1/uploads"})]
        answers = Runway(first=moved)
        with StandIn(answers) as there:
            answers.url = there.url
            web = runway.Web(there.url, "Runway", {"Authorization": "Bearer key_1"})
            web.json("GET", "/v1/uploads")
        assert other.said and "Authorization" not in other.said[0][2]


def test_film_comes_from_the_web_only(server, order, tmp_path):
    """A server that names a file of this machine as its film is not believed."""
    facts = {"status": "SUCCEEDED", "output": ["file:///etc/passwd"]}
    with pytest.raises(ServiceError, match="none of the web"):
        act_two(server(first=[("/v1/tasks/.*", 200, facts, {})])).render(order, tmp_path / "out.mp4", *NEVER)


def test_our_own_server_is_one(clips, portrait, tmp_path, monkeypatch):
    """The hand-off works with the local Act-Two as it does with Runway's."""
    from understudy.serving.media import Sources
    from understudy.serving.server import Server
    from understudy.serving.store import Store
    from understudy.serving.studio import Studio

    made = tmp_path / "made.mp4"
    film.write(made, (np.full((960, 960, 3), 50, np.uint8) for _ in range(12)), 24)
    copy = "import pathlib, shutil, sys; pathlib.Path(sys.argv[2]).mkdir(); shutil.copy(sys.argv[1], sys.argv[2])"

    def command(_order, _folder, _files, out):
        import sys

        return [sys.executable, "-S", "-c", copy, str(made.rename(tmp_path / "performance.mp4")), str(out)]

    store = Store(tmp_path / "served")
    studio = Studio(store, Sources(store), command=command)
    with Server(("127.0.0.1", 0), studio, say=lambda line: None) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        monkeypatch.setenv("RUNWAYML_BASE_URL", server.url)
        from understudy.addon.neural import Order

        sent = Order(clips(3.0), portrait, ratio="960:960")
        runway.Runway("any", pause=0.05).render(sent, tmp_path / "out.mp4", *NEVER)
        server.shutdown()
    studio.close()
    assert video.probe(tmp_path / "out.mp4").size == (960, 960)
