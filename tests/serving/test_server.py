"""What no client of good will would send: paths out of the folder, wrong methods, damaged bodies, full disks."""

import http.client
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from understudy.serving import multipart, store, studio
from understudy.serving.store import Store, Task

from .standin import until

HEADERS = {"Authorization": "Bearer any", "X-Runway-Version": "2024-11-06"}
ID = "17f20503-6c24-4c16-946b-35dbbce2af2f"


def ask(server, method, path, body=None, headers=HEADERS, host=None):
    """(status, body, headers) of what a server says to a request as it stands, without any tidying of the path."""
    link = http.client.HTTPConnection(server.url.partition("//")[2], timeout=10)
    link.putrequest(method, path, skip_host=host is not None)
    if host is not None:
        link.putheader("Host", host)
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    for name, value in {**headers, **({"Content-Length": str(len(data))} if data is not None else {})}.items():
        link.putheader(name, value)
    link.endheaders(data)
    answer = link.getresponse()
    read = answer.read()
    link.close()
    return answer.status, read, answer.headers


@pytest.mark.parametrize("path", [
    "/../../etc/passwd", "//etc/passwd", "/etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/films/../tasks/x.json",
    f"/films/{ID}/..%2f..%2ftasks.mp4", "/films/%2e%2e/tasks/x.mp4", "/uploads/../tasks", "/v1/tasks/..%2ftasks%2fx",
    "/v1/tasks/../../lock", "/films\\..\\lock", "/films/%00/a.mp4", "/v1/uploads/../../lock", "/lock", "/tasks/",
])  # fmt: skip
def test_no_path_leads_out(serve, path):
    """Nothing on disk is reached by an address, however it is written."""
    server = serve()
    for method in ("GET", "HEAD", "DELETE"):
        status, body, _ = ask(server, method, path)
        assert status in (400, 404, 405) and b"root:" not in body
    status, _, _ = ask(server, "POST", path, b"x")
    assert status in (400, 404, 405)


def test_links_are_not_followed(serve, clip, tmp_path):
    """A link that somebody puts into the server's folder shows nothing of what it points to."""
    server = serve()
    (tmp_path / "secret.txt").write_text("secret")
    upload = server.studio.store.expect("a.mp4")
    server.studio.store.uploaded(upload).symlink_to(tmp_path / "secret.txt")
    body = {"model": "act_two", "character": {"type": "rig", "uri": "understudy://starter"},
            "reference": {"type": "video", "uri": f"runway://{upload.id}"}}  # fmt: skip
    status, said, _ = ask(server, "POST", "/v1/character_performance", body)
    assert status == 400 and b"has not been sent" in said
    task = Task(ID, 1.0, {}, {}, status="SUCCEEDED", secret="abc")
    server.studio._tasks[ID] = task
    server.studio.store.film(task).symlink_to(tmp_path / "secret.txt")
    status, said, _ = ask(server, "GET", f"/films/{ID}/abc.mp4")
    assert status == 404 and b"secret" not in said


def test_films_and_uploads_need_their_secret(serve):
    """Addresses that carry no key cannot be guessed, and logs do not tell them."""
    server = serve()
    upload = server.studio.store.expect("a.mp4")
    assert ask(server, "POST", f"/uploads/{upload.id}/guessed", b"")[0] == 404
    server.studio._tasks[ID] = Task(ID, 1.0, {}, {}, status="SUCCEEDED", secret="the-secret")
    assert ask(server, "GET", f"/films/{ID}/guessed.mp4")[0] == 404
    ask(server, "GET", f"/films/{ID}/the-secret.mp4")
    assert server.said and not any("the-secret" in line for line in server.said)


def test_wrong_method_names_the_right_ones(serve):
    """A method that an address does not know is 405, with those it does."""
    status, _, headers = ask(serve(), "PUT", f"/v1/tasks/{ID}", b"x")
    assert status == 405 and headers["Allow"] == "GET, DELETE"


@pytest.mark.parametrize("headers, status", [
    ({}, 401), ({"Authorization": "Basic x"}, 401), ({"Authorization": "Bearer "}, 401),
    ({"Authorization": "Bearer x"}, 400), (HEADERS, 404),
])  # fmt: skip
def test_key_comes_before_all_else(serve, headers, status):
    """Without a key nothing of the interface is told, not even what there is."""
    assert ask(serve(), "GET", "/v1/secrets", headers=headers)[0] == status


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100000, b"1e999"])
def test_damaged_body_is_refused(serve, body):
    """What is no JSON object is 400 with a reason, and the server lives on."""
    server = serve()
    status, said, _ = ask(server, "POST", "/v1/character_performance", body)
    assert status == 400 and json.loads(said)["error"]
    assert ask(server, "GET", "/v1/organization")[0] == 200


def test_large_body_is_refused(serve, monkeypatch):
    """A body of more than is taken is 413, and the client hears that."""
    from understudy.serving import server as module

    monkeypatch.setattr(module, "JSON_MOST", 1000)
    status, said, _ = ask(serve(), "POST", "/v1/character_performance", b" " * 5000)
    assert status == 413 and b"1000" in said


def test_chunked_body_is_read(serve):
    """A body whose length is not told beforehand is read all the same."""
    data = json.dumps({"filename": "a.mp4", "type": "ephemeral"}).encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(data[k : k + 7]), data[k : k + 7]) for k in range(0, len(data), 7))
    link = http.client.HTTPConnection(serve().url.partition("//")[2], timeout=10)
    link.request("POST", "/v1/uploads", chunks + b"0\r\n\r\n", HEADERS | {"Transfer-Encoding": "chunked"})
    assert json.loads(link.getresponse().read())["runwayUri"].startswith("runway://")
    link.close()


def test_foreign_page_cannot_call_itself_local(serve):
    """A name that is not this machine's is refused, so that no web page can lead a browser here."""
    server = serve()
    assert ask(server, "GET", "/v1/organization", host="evil.example")[0] == 403
    assert ask(server, "GET", "/v1/organization", host="localhost:8765")[0] == 200


def test_full_disk_fails_the_request_alone(serve, monkeypatch, clip):
    """Where nothing can be kept, the client is told; once there is room again, all goes on."""
    server = serve()

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(store, "_write", full)
        status, said, _ = ask(server, "POST", "/v1/uploads", {"filename": "a.mp4", "type": "ephemeral"})
        assert status == 500 and b"No space left" in said
    assert ask(server, "POST", "/v1/uploads", {"filename": "a.mp4", "type": "ephemeral"})[0] == 200


def test_full_disk_at_work_fails_the_task(serve, finished, monkeypatch, runway, clip):
    """A task whose film cannot be kept fails with the reason, and the next one is begun."""
    server = serve(finished)
    client = runway(server.url)

    def make():
        uploaded = client.uploads.create_ephemeral(file=clip)
        character, reference = {"type": "rig", "uri": "understudy://starter"}, {"type": "video", "uri": uploaded.uri}
        return client.character_performance.create(
            model="act_two", character=character, reference=reference, ratio="960:960"
        )

    def full(*_):
        raise OSError(28, "No space left on device")

    def moved(self, target):
        return full() if "films" in str(target) else os.replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", moved)
        task = make()
        failed = until(lambda: (found := client.tasks.retrieve(task.id)).status == "FAILED" and found)
        assert failed.failure_code == "INTERNAL" and "No space left" in failed.failure
    assert make().wait_for_task_output(timeout=20).status == "SUCCEEDED"


def test_one_server_a_folder(tmp_path):
    """A second server in the same folder is refused; the folder is free again when the first one has ended."""
    from understudy.solvers.errors import ServiceError

    first = Store(tmp_path)
    with pytest.raises(ServiceError, match="Another server"):
        Store(tmp_path)
    first.close()
    Store(tmp_path).close()


def test_old_uploads_are_forgotten(tmp_path):
    """An upload is kept for a day, and gone when the next one comes."""
    kept = Store(tmp_path)
    old = kept.expect("a.mp4")
    for place in (tmp_path / "uploads").iterdir():
        os.utime(place, (1, 1))
    new = kept.expect("b.mp4")
    assert kept.upload(old.id) is None and kept.upload(new.id) == new
    kept.close()


def test_damaged_task_file_is_passed_over(tmp_path):
    """A file among the tasks that is none does not keep a server from starting."""
    kept = Store(tmp_path)
    kept.keep(Task(ID, 1.0, {}, {}))
    for number, words in enumerate(["{", "[]", '{"id": 3}', ""]):
        (tmp_path / "tasks" / f"{number}.json").write_text(words)
    assert [task.id for task in kept.tasks()] == [ID]
    kept.close()


@pytest.mark.parametrize("head, end", [(b"", b""), (b"preamble\r\n", b"\r\nepilogue")])
def test_multipart_parts_are_found(tmp_path, head, end):
    """A file is found byte by byte, whatever stands before and after the parts, and whatever is in it."""
    content = bytes(range(256)) + b"\r\n--bou\r\n"
    body = head + b'--bound\r\nContent-Disposition: form-data; name="key"\r\n\r\nv\r\n'
    body += b'--bound\r\nContent-Disposition: form-data; name="file"; filename="x"\r\nContent-Type: a/b\r\n\r\n'
    (tmp_path / "body").write_bytes(body + content + b"\r\n--bound--" + end)
    (key, file) = multipart.parts(tmp_path / "body", b"bound")
    assert (key[0], file[0]) == ("key", "file")
    multipart.copy_part(tmp_path / "body", *file[1:], tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == content


@pytest.mark.parametrize("body", [b"", b"--bound", b"--bound\r\n\r\n", b"no", b'--bound\r\na: b\r\n\r\nx\r\n--other--'])
def test_damaged_multipart_has_no_parts(tmp_path, body):
    """What is not well formed gives nothing, rather than something wrong."""
    (tmp_path / "body").write_bytes(body)
    assert multipart.parts(tmp_path / "body", b"bound") == []


def test_progress_grows_with_the_stages():
    """Each stage takes up where the one before ended, from nothing to all."""
    shares = [studio._share({"stage": name, "done": done, "total": 2}) for name in studio.SHARES for done in range(3)]
    assert all(b >= a - 1e-9 for a, b in zip(shares, shares[1:], strict=False))
    assert shares[0] == 0 and abs(shares[-1] - 1) < 1e-9


def test_command_line_serves_and_ends(tmp_path):
    """`understudy serve` tells where it is, warns where others can reach it, answers, and ends when asked."""
    line = [sys.executable, "-m", "understudy", "serve", "--port", "0", "--folder", str(tmp_path / "kept")]
    with subprocess.Popen([*line, "--host", "0.0.0.0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          cwd=tmp_path) as process:  # fmt: skip
        first, export, warning = (process.stdout.readline() for _ in range(3))
        assert "RUNWAYML_BASE_URL=http://" in export and "beyond this machine" in warning
        port = first.split(";")[0].rpartition(":")[2]
        request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/organization", headers=HEADERS)
        with urllib.request.urlopen(request) as answer:
            assert json.load(answer)["creditBalance"] > 0
        process.terminate()
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 0 and "has ended" in said


@pytest.mark.parametrize("flags, hint", [
    (["--port", "99999"], "65535"), (["--host", "203.0.113.1", "--port", "0"], "listen"),
    (["--rig", "a=nothing.glb"], "no rig file"), (["--workers", "0"], "one worker"),
])  # fmt: skip
def test_what_cannot_be_served_is_told(capfd, tmp_path, flags, hint):
    """A port, an address or a rig that is not to be had ends with 2 and one sentence."""
    from understudy import __main__ as command

    try:
        code = command.main(["serve", "--folder", str(tmp_path), *flags])
    except SystemExit as end:
        code = end.code
    said = capfd.readouterr().err
    assert code == 2 and hint in said and said.count("\n") == 1
