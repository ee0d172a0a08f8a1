"""Scripts written with Runway's own package run unchanged: create, wait, cancel, and every refusal."""

import base64
import subprocess
import threading
import urllib.error
import urllib.request
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from understudy.serving.studio import command, words
from understudy.solvers.footage import film, video

from .standin import server_line, standin, until

DEMO = Path(__file__).resolve().parents[2] / "presets" / "demo" / "performance.mp4"
RIG = {"type": "rig", "uri": "understudy://starter"}


def order(client, character, reference, **options):
    """A task of Act-Two's with its two assets. character: a rig, or what a member "character" holds."""
    return client.character_performance.create(
        model="act_two", character=character, reference={"type": "video", "uri": reference}, **options
    )


def data_uri(path, kind):
    """A file as an address that holds it."""
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def status(client, task):
    """What a task's state is called."""
    return client.tasks.retrieve(task.id).status


def test_image_and_upload_become_a_film(serve, runway, clip, finished, portrait):
    """A data URI of a picture and an uploaded video give a film under an address that needs no key."""
    server = serve(finished)
    client = runway(server.url)
    uploaded = client.uploads.create_ephemeral(file=clip)
    assert uploaded.uri.startswith("runway://")
    image = {"type": "image", "uri": data_uri(portrait, "image/png")}
    task = order(client, image, uploaded.uri, ratio="960:960", seed=4294967295, expression_intensity=5)
    assert task.estimated_cost.credits == 0
    done = task.wait_for_task_output(timeout=20)
    assert done.status == "SUCCEEDED" and done.cost.credits == 0
    with urllib.request.urlopen(done.output[0]) as answer:
        assert answer.read() == finished.read_bytes() and answer.headers["Content-Type"] == "video/mp4"
    ranged = urllib.request.Request(done.output[0], headers={"Range": "bytes=4-7"})
    with urllib.request.urlopen(ranged) as answer:
        assert answer.status == 206 and answer.read() == b"ftyp"
    assert not any((server.folder / "runs" / task.id).glob("*"))


def test_named_rig_and_uploaded_rig(serve, runway, clip, finished, tmp_path):
    """A rig is named in the request, or uploaded; the command line is given the right file and switches."""
    (tmp_path / "hero.glb").write_bytes(b"glTF, more or less")
    lines = []

    def noted(*order):
        lines.append(words(*order))
        return standin(finished)(*order)

    server = serve(command=noted, rigs={"hero": tmp_path / "hero.glb"})
    client = runway(server.url)
    reference = data_uri(clip, "video/mp4")
    uploaded = client.uploads.create_ephemeral(file=tmp_path / "hero.glb")
    for uri in ("understudy://hero", uploaded.uri, "understudy://starter"):
        rig, body = {"type": "rig", "uri": uri}, uri == uploaded.uri
        task = order(client, rig, reference, ratio="960:960", body_control=body, seed=2**31)
        task.wait_for_task_output(timeout=20)
    named, sent, starter = lines
    assert named[named.index("--character") + 1].endswith("/character.glb") and "--no-body" in named
    assert "--character" in sent and "--no-body" not in sent and "--character" not in starter
    assert named[named.index("--seed") + 1] == "0" and "--breathing" not in named  # 2^31 and more start again
    assert starter[starter.index("--ratio") + 1] == "960:960" and starter[starter.index("--frame-rate") + 1] == "24"


def test_progress_and_cancel(serve, runway, clip, finished):
    """A running task tells its progress; deleting it ends its process; deleting it again forgets it."""
    import runwayml

    server = serve(finished, work="slow")
    client = runway(server.url)
    task = order(client, RIG, data_uri(clip, "video/mp4"))
    waiting = order(client, RIG, data_uri(clip, "video/mp4"))
    until(lambda: getattr(client.tasks.retrieve(task.id), "progress", 0) > 0.2)
    assert status(client, task) == "RUNNING" and status(client, waiting) == "PENDING"
    pid = int((server.folder / "runs" / f"{task.id}.pid").read_text())
    client.tasks.delete(waiting.id)
    client.tasks.delete(task.id)
    assert status(client, task) == status(client, waiting) == "CANCELLED"
    until(lambda: not Path(f"/proc/{pid}").exists() if Path("/proc/1").exists() else True)
    until(lambda: not (server.folder / "runs" / task.id).exists())
    client.tasks.delete(task.id)
    with pytest.raises(runwayml.NotFoundError):
        client.tasks.retrieve(task.id)


@pytest.mark.parametrize("work, code, words", [
    ("faulty", "ASSET.INVALID", "Nobody was found."),
    ("crash", "INTERNAL", "too much"),
])  # fmt: skip
def test_failure_has_a_code_and_a_reason(serve, runway, clip, finished, work, code, words):
    """What a performance fails of reaches the script, as Runway's own failures do."""
    import runwayml

    client = runway(serve(finished, work=work).url)
    with pytest.raises(runwayml.TaskFailedError) as failed:
        order(client, RIG, data_uri(clip, "video/mp4")).wait_for_task_output(timeout=20)
    assert failed.value.task_details.failure_code == code and words in failed.value.task_details.failure


def test_film_of_another_size_is_no_success(serve, runway, clip, finished):
    """A film that is not of the ordered size fails, instead of being handed out."""
    client = runway(serve(finished).url)
    task = order(client, RIG, data_uri(clip, "video/mp4"), ratio="1280:720")
    done = until(lambda: client.tasks.retrieve(task.id) if status(client, task) == "FAILED" else None)
    assert done.failure_code.startswith("INTERNAL.BAD_OUTPUT") and "960:960" in done.failure


@pytest.mark.parametrize("change, field", [
    ({"ratio": "1920:1080"}, "ratio"),
    ({"model": "act_three"}, "model"),
    ({"expression_intensity": 6}, "expressionIntensity"),
    ({"expression_intensity": 2.5}, "expressionIntensity"),
    ({"body_control": "yes"}, "bodyControl"),
    ({"seed": -1}, "seed"),
    ({"content_moderation": {"public_figure_threshold": "high"}}, "contentModeration"),
    ({"character": {"type": "cat", "uri": "runway://x"}}, "character"),
    ({"character": {"type": "rig", "uri": "understudy://nobody"}}, "character"),
    ({"character": {"type": "rig", "uri": "understudy://../hero"}}, "character"),
    ({"character": {"type": "image", "uri": "data:image/png;base64,AAAA"}}, "character"),
    ({"character": {"type": "image", "uri": "data:image/png;base64,%%%"}}, "character"),
    ({"reference": {"type": "video", "uri": "https://127.0.0.1:1/a.mp4"}}, "reference"),
    ({"reference": {"type": "video", "uri": "file:///etc/passwd"}}, "reference"),
    ({"reference": {"type": "video", "uri": "/etc/passwd"}}, "reference"),
    ({"reference": {"type": "video", "uri": "runway://../../tasks/x"}}, "reference"),
    ({"reference": {"type": "video", "uri": "runway://0123abcd-0000-0000-0000-000000000000"}}, "reference"),
    ({"reference": {"type": "image", "uri": "data:video/mp4;base64,AAAA"}}, "reference"),
])  # fmt: skip
def test_bad_request_names_field_and_reason(serve, runway, clip, change, field):
    """What is not well formed is refused with 400, its field and a reason, and leaves nothing behind."""
    import runwayml

    server = serve()
    reference = {"type": "video", "uri": data_uri(clip, "video/mp4")}
    body = {"model": "act_two", "character": RIG, "reference": reference, "ratio": "960:960"}
    with pytest.raises(runwayml.BadRequestError) as refused:
        runway(server.url).character_performance.create(**body | change)
    issues = refused.value.body["issues"]
    assert refused.value.body["error"] == "Validation of body failed"
    assert issues[0]["path"][0] == field and len(issues[0]["message"]) > 10
    assert not any((server.folder / "runs").iterdir()) and not any((server.folder / "tasks").iterdir())


def test_picture_is_no_driving_video(serve, runway, portrait):
    """A reference that is no video is refused before a task begins."""
    import runwayml

    with pytest.raises(runwayml.BadRequestError, match="not a video"):
        order(runway(serve().url), RIG, data_uri(portrait, "image/png"))


def test_key_is_checked(serve, runway, clip):
    """With a token of its own a server lets in that one only; without, any; and never none."""
    import runwayml

    server = serve(token="sesame")
    assert runway(server.url, "sesame").organization.retrieve().credit_balance > 0
    with pytest.raises(runwayml.AuthenticationError):
        runway(server.url, "guessed").organization.retrieve()
    with pytest.raises(runwayml.AuthenticationError):
        order(runway(server.url, "guessed"), RIG, data_uri(clip, "video/mp4"))
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{server.url}/v1/organization")


def test_unknown_task_is_not_found(serve, runway):
    """A task that was never created is 404, to be read and to be deleted."""
    import runwayml

    client = runway(serve().url)
    for ask in (client.tasks.retrieve, client.tasks.delete):
        with pytest.raises(runwayml.NotFoundError):
            ask("17f20503-6c24-4c16-946b-35dbbce2af2f")


def test_version_is_checked(serve, runway):
    """Another version of the interface is refused, and the right one named."""
    import runwayml

    with pytest.raises(runwayml.BadRequestError, match="2024-11-06"):
        runway(serve().url, runway_version="2023-01-01").organization.retrieve()


def test_full_queue_says_so(serve, runway, clip, finished):
    """Where as many tasks wait as may, the next one is told to come again, and comes in once there is room."""
    import runwayml

    server = serve(finished, work="slow", room=1)
    client = runway(server.url, max_retries=0)
    running = order(client, RIG, data_uri(clip, "video/mp4"), ratio="960:960")
    until(lambda: status(client, running) == "RUNNING")
    order(client, RIG, data_uri(clip, "video/mp4"), ratio="960:960")
    with pytest.raises(runwayml.RateLimitError, match="waiting"):
        order(client, RIG, data_uri(clip, "video/mp4"), ratio="960:960")
    (server.folder / "go").touch()
    until(lambda: status(client, running) == "SUCCEEDED")
    until(lambda: not any(task.status in ("PENDING", "RUNNING") for task in server.studio.store.tasks()))
    order(client, RIG, data_uri(clip, "video/mp4"), ratio="960:960").wait_for_task_output(timeout=20)


def test_many_at_once(serve, runway, clip, finished):
    """Tasks of several clients at once all end well, two at a time, and the organization counts them."""
    server = serve(finished, workers=2)
    done = []

    def one():
        client = runway(server.url)
        uploaded = client.uploads.create_ephemeral(file=clip)
        done.append(order(client, RIG, uploaded.uri, ratio="960:960").wait_for_task_output(timeout=30))

    clients = [threading.Thread(target=one) for _ in range(6)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert len({task.id for task in done}) == 6 and all(task.status == "SUCCEEDED" for task in done)
    organization = runway(server.url).organization.retrieve()
    assert organization.usage.models["act_two"].daily_generations == 6
    assert organization.tier.models["act_two"].max_concurrent_generations == 2
    (day,) = runway(server.url).organization.retrieve_usage().results
    assert day.used_credits[0].model == "act_two" and day.used_credits[0].amount == 0


def test_killed_server_forgets_nothing(runway, clip, finished, tmp_path):
    """A server that is killed at work, and started again, ends what it had begun and what was waiting."""
    folder = tmp_path / "served"

    def start(port=0):
        process = subprocess.Popen(server_line(folder, finished, port), stdout=subprocess.PIPE, text=True)
        return process, process.stdout.readline().strip()

    first, url = start()
    try:
        client = runway(url)
        tasks = [order(client, RIG, data_uri(clip, "video/mp4"), ratio="960:960") for _ in range(3)]
        until(lambda: status(client, tasks[0]) == "RUNNING")
    finally:
        first.kill()
        first.wait()
        first.stdout.close()
    second, again = start(int(url.rpartition(":")[2]))
    try:
        assert again == url
        assert {status(client, task) for task in tasks} <= {"PENDING", "RUNNING"}
        (folder / "go").touch()
        assert all(task.wait_for_task_output(timeout=30).status == "SUCCEEDED" for task in tasks)
    finally:
        second.terminate()
        second.wait()
        second.stdout.close()


def test_demo_performance_the_whole_way(serve, runway, tmp_path):
    """A cut of the demo clip drives the starter: the film has the ordered size and rate; the same seed, equal films."""
    short = tmp_path / "short.mp4"
    cut(DEMO, short, 10)
    client = runway(serve(command=command).url)
    uploaded = client.uploads.create_ephemeral(file=short)
    tasks = [order(client, RIG, uploaded.uri, ratio="1104:832", seed=7, body_control=True) for _ in range(2)]
    films = []
    for number, task in enumerate(tasks):
        films.append(made(client, task, tmp_path / f"{number}.mp4"))
        assert video.probe(tmp_path / f"{number}.mp4").fps == 24
    assert np.shape(films[0]) == (10, 832, 1104, 3) and np.std(films[0][0]) > 10
    assert np.array_equal(films[0], films[1])


def cut(source, target, count, scale=1.0):
    """Write the first pictures of a video as one of their own, smaller by a scale."""
    pictures = [picture for _, (_, picture) in zip(range(count), video.pictures(source), strict=False)]
    smaller = (cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for picture in pictures)
    film.write(target, smaller, video.probe(source).fps)


@pytest.mark.parametrize("gestures", [True, False])
def test_character_film_is_handed_on(serve, runway, clip, finished, gestures):
    """A character of the kind "video" reaches the command line as one; only body control replaces its gestures."""
    lines = []

    def noted(*order):
        lines.append(words(*order))
        return standin(finished)(*order)

    client = runway(serve(command=noted).url)
    character = {"type": "video", "uri": data_uri(clip, "video/mp4")}
    task = order(client, character, data_uri(clip, "video/mp4"), ratio="960:960", body_control=gestures)
    task.wait_for_task_output(timeout=20)
    assert lines[0][lines[0].index("--character") + 1].endswith("/character.mp4") and "--breathing" not in lines[0]
    assert ("--layer" in lines[0]) == gestures and ("--no-body" in lines[0]) != gestures


def made(client, task, path):
    """The pictures of the film that comes of a task. path: where it goes."""
    until(lambda: status(client, task) not in ("PENDING", "RUNNING"), 300)
    assert status(client, task) == "SUCCEEDED", client.tasks.retrieve(task.id)
    urllib.request.urlretrieve(task.wait_for_task_output(timeout=120).output[0], path)
    with av.open(str(path)) as container:
        return np.array([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def test_character_film_the_whole_way(serve, runway, tmp_path):
    """A film of a character becomes one that lasts as long as the performance, and looks like the film."""
    short, character = tmp_path / "short.mp4", tmp_path / "character.mp4"
    cut(DEMO, short, 6)
    cut(DEMO, character, 4, 0.375)
    client = runway(serve(command=command).url)
    asset = {"type": "video", "uri": data_uri(character, "video/mp4")}
    frames = made(client, order(client, asset, data_uri(short, "video/mp4"), ratio="720:1280"), tmp_path / "out.mp4")
    own = next(picture for _, picture in video.pictures(character))
    small = [cv2.resize(picture, (36, 64), interpolation=cv2.INTER_AREA).astype(float) for picture in (frames[0], own)]
    assert frames.shape == (6, 1280, 720, 3) and np.abs(small[0] - small[1]).mean() < 12
    assert np.abs(frames[0].astype(float) - frames[-1]).mean() > 0.05


def test_another_seed_moves_a_picture_otherwise(serve, runway, tmp_path):
    """A picture breathes and settles by the seed: another one gives other frames."""
    short, portrait = tmp_path / "short.mp4", tmp_path / "portrait.png"
    cut(DEMO, short, 3)
    own = next(picture for _, picture in video.pictures(DEMO))
    cv2.imwrite(str(portrait), cv2.resize(own, None, fx=0.375, fy=0.375, interpolation=cv2.INTER_AREA)[..., ::-1])
    client = runway(serve(command=command).url)
    asset = {"type": "image", "uri": data_uri(portrait, "image/png")}
    tasks = [order(client, asset, data_uri(short, "video/mp4"), ratio="720:1280", seed=seed) for seed in (1, 2)]
    one, other = (made(client, task, tmp_path / f"{task.id}.mp4") for task in tasks)
    assert one.shape == other.shape and not np.array_equal(one, other)


def test_waiting_for_a_cancelled_task_ends(serve, runway, clip, finished):
    """Who waits for a task with the asynchronous client hears at once that it was cancelled."""
    import asyncio

    import runwayml

    server = serve(finished, work="slow")

    async def wait():
        async with runwayml.AsyncRunwayML(api_key="any", base_url=server.url) as client:
            task = await order(client, RIG, data_uri(clip, "video/mp4"))
            await client.tasks.delete(task.id)
            await task.wait_for_task_output(timeout=20)

    runway(server.url)
    with pytest.raises(runwayml.TaskFailedError) as failed:
        asyncio.run(wait())
    assert failed.value.task_details.status == "CANCELLED"
