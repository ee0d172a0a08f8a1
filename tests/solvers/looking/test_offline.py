"""While detecting, nothing is connected to and no name is looked up."""

import shutil
import socket
import subprocess
import sys

import pytest
from understudy.solvers import detect as room
from understudy.solvers import errors, models
from understudy.solvers.looking import offline

DEMO = room.ROOT / "presets" / "demo" / "performance.mp4"
PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
LONGEST = 60  # s
# In a process that stays offline, what each way out gives; in a thread that was started later.
PROBE = f"""
import runpy, socket, threading
stay_offline = runpy.run_path({str(room.ROOT / "solvers" / "looking" / "offline.py")!r})["stay_offline"]
agreed = stay_offline()
def tell():
    for family in (socket.AF_INET, socket.AF_INET6):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            try:
                socket.socket(family, kind)
                print("made")
            except PermissionError:
                print("refused")
    try:
        print("found", socket.getaddrinfo("example.org", 443))
    except OSError:
        print("refused")
    one, other = socket.socketpair(socket.AF_UNIX)
    one.send(b"works")
    print(other.recv(5).decode(), open(__import__("os").devnull).read())
print(agreed)
thread = threading.Thread(target=tell)
thread.start()
thread.join()
"""


@pytest.fixture
def proxy(monkeypatch):
    """A listening proxy on this machine that the environment tells everybody to use."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        for name in PROXIES:
            monkeypatch.setenv(name, f"http://127.0.0.1:{server.getsockname()[1]}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        yield server


@pytest.fixture
def networks():
    """The networks, or the reason why this test cannot be run."""
    try:
        return models.find()
    except errors.ModelError as fault:
        pytest.skip(str(fault))


def test_a_proxy_sees_nobody(networks, proxy):
    """A loopback proxy given in the environment gets no connection while a video is looked at."""
    socket.create_connection(proxy.getsockname()).close()  # it would see one
    proxy.accept()[0].close()
    room.detect(DEMO, end=0.5)
    with pytest.raises(BlockingIOError):
        proxy.accept()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel is asked to refuse sockets on Linux only")
def test_the_kernel_refuses_the_internet():
    """Offline, no Internet socket can be made and no name found, in later threads too; local pipes and files work."""
    ran = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, timeout=LONGEST)
    agreed, *said = ran.stdout.split()
    if agreed != "True":
        pytest.skip("this kernel or machine takes no seccomp filter")
    assert said == ["refused"] * 5 + ["works"], ran.stderr


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace, which is not installed")
def test_no_call_leads_to_the_network(networks, proxy, tmp_path):
    """strace of a whole detection shows no socket of the Internet made, none connected, and no name looked up."""
    log = tmp_path / "calls"
    command = [sys.executable, "-m", "understudy", "detect", str(DEMO), "--end", "0.3"]
    traced = ["strace", "-f", "-qq", "-e", "trace=network", "-o", str(log), *command, "--out", str(tmp_path / "t.npz")]
    ran = subprocess.run(traced, capture_output=True, text=True, timeout=2 * LONGEST)
    if "ptrace" in ran.stderr:
        pytest.skip(f"strace may not trace here: {ran.stderr.splitlines()[0]}")
    assert ran.returncode == 0, ran.stderr
    calls = log.read_text().splitlines()
    made = [call for call in calls if "socket(AF_INET" in call and "EACCES" not in call]
    assert not made and not [call for call in calls if "sin_port" in call or "sin6_port" in call or "nscd" in call]


def test_what_is_told_to_libraries_leads_nowhere():
    """The proxies that the child's environment names are on this machine, and no exception is left open."""
    names = room._environment()
    assert {names[name] for name in PROXIES} == {offline.NOWHERE} and "127.0.0.1" in offline.NOWHERE
    assert not {"NO_PROXY", "no_proxy"} & set(names)
