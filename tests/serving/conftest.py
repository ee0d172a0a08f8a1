"""A server that runs while the test does, quick stand-ins for its work, and Runway's own client."""

from __future__ import annotations

import threading
import types

import numpy as np
import pytest
from understudy.serving.media import Sources
from understudy.serving.server import Server
from understudy.serving.store import Store
from understudy.serving.studio import Studio
from understudy.solvers.footage import film

from .standin import standin

SIZE = (960, 960)


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """A driving video of four pictures."""
    path = tmp_path_factory.mktemp("clip") / "driving.mp4"
    film.write(path, (np.full((64, 64, 3), 40 * k, np.uint8) for k in range(4)), 24)
    return path


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A film as the stand-in hands it over: of the ordered size, at 24 frames a second."""
    path = tmp_path_factory.mktemp("film") / "finished.mp4"
    film.write(path, (np.full((*SIZE[::-1], 3), 60 * k, np.uint8) for k in range(3)), 24)
    return path


@pytest.fixture(scope="session")
def portrait(tmp_path_factory):
    """A picture."""
    import cv2

    path = tmp_path_factory.mktemp("picture") / "portrait.png"
    cv2.imwrite(str(path), np.random.default_rng(1).integers(0, 255, (32, 24, 3), np.uint8))
    return path


@pytest.fixture
def serve(tmp_path):
    """Starts servers: serve(work="quick", film=None, token="", ...) gives one with .url, .studio, .said, .stop()."""
    running = []

    def start(film="", work="quick", token="", folder=None, command=None, host="127.0.0.1", **options):
        sources = {name: options.pop(name) for name in ("rigs", "web") if name in options}
        store = Store(folder or tmp_path / "served")
        studio = Studio(store, Sources(store, **sources), command=command or standin(film, work), **options)
        said = []
        server = Server((host, 0), studio, token, said.append)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()

        def stop():
            if running and one in running:
                running.remove(one)
                server.shutdown()
                server.server_close()
                studio.close()

        one = types.SimpleNamespace(url=server.url, studio=studio, said=said, stop=stop, folder=store.folder)
        running.append(one)
        return one

    yield start
    for one in list(running):
        one.stop()


@pytest.fixture
def runway(monkeypatch):
    """Makes Runway's own client for a server: runway(url). It asks more often than usual."""
    package = pytest.importorskip("runwayml", reason="needs Runway's package: pip install runwayml")
    from runwayml.lib import polling

    monkeypatch.setattr(polling, "POLL_TIME", 0.1)
    monkeypatch.setattr(polling, "POLL_JITTER", 0.02)
    return lambda url, key="any", **options: package.RunwayML(api_key=key, base_url=url, **options)

