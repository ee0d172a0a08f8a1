"""What a server's work is replaced with where a test is about the queue, and such a server as a process of its own."""

import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Arguments: folder for the results, film to hand over, how to behave; slow waits until a file `go` is there.
WORK = """
import json, os, pathlib, shutil, sys, threading, time
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(3)), daemon=True).start()
out, film, work = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
(out.parents[1] / (out.parent.name + ".pid")).write_text(str(os.getpid()))
print(json.dumps({"stage": "detect", "done": 1, "total": 2}), flush=True)
while work == "slow" and not (out.parents[2] / "go").exists():
    time.sleep(0.02)
if work == "faulty":
    print(json.dumps({"error": "NobodyError", "message": "Nobody was found."}), flush=True)
    sys.exit(2)
if work == "crash":
    raise MemoryError("too much")
out.mkdir()
shutil.copy(film, out / "performance.mp4")
"""


def standin(film, work="quick"):
    """A command for Studio. film: to be handed over. work: quick, slow, faulty or crash."""
    return lambda order, folder, files, out: [sys.executable, "-S", "-c", WORK, str(out), str(film), work]


# A whole server whose work is slow, in a process of its own, so that it can be killed. Arguments: JSON.
SERVER = """
import importlib.util, json, pathlib, sys
job = json.loads(sys.argv[1])
for name, start in job["packages"].items():
    places = [str(pathlib.Path(start).parent)] if start.endswith("__init__.py") else None
    spec = importlib.util.spec_from_file_location(name, start, submodule_search_locations=places)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
from understudy.serving.media import Sources
from understudy.serving.server import Server
from understudy.serving.store import Store
from understudy.serving.studio import Studio
from standin import standin
store = Store(pathlib.Path(job["folder"]))
server = Server(("127.0.0.1", job["port"]), Studio(store, Sources(store), command=standin(job["film"], "slow")))
print(server.url, flush=True)
server.say = lambda line: None
server.serve_forever(poll_interval=0.02)
"""


def server_line(folder, film, port=0):
    """The command line of such a server. port: 0 for any."""
    packages = {"understudy": f"{ROOT}/__init__.py", "standin": __file__}
    job = {"packages": packages, "folder": str(folder), "film": str(film), "port": port}
    return [sys.executable, "-c", SERVER, json.dumps(job)]


def until(true, seconds=20.0):
    """Wait until something is so, and tell what."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found
