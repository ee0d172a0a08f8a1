# make demo          the embedded performance on the starter character: video, .blend and report in out/demo
# make test          style and tests
# make test-matrix   the add-on's tests on every Blender that Understudy is for
# make test-window   an artist's way through the extension, played in real Blenders on a virtual screen
# make extension     the extension's zips in dist/; a subset: make extension PLATFORM=linux-x64 PYTHON=3.13
#                    for a Blender with a Python of its own: make extension PYTHON=3.13 BLENDER="4.2.0 5.3.0"
# make clean         removes what the others made
PYTHON ?=

demo: .venv/ready
	.venv/bin/understudy perform --demo --out out/demo

test: .venv/ready
	.venv/bin/ruff check .
	.venv/bin/python -m pytest

test-matrix: .venv/ready
	.venv/bin/python setup/matrix.py

test-window: .venv/ready
	UNDERSTUDY_WINDOW=1 .venv/bin/python -m pytest -rs tests/gui

extension: .venv/ready
	.venv/bin/python setup/extension.py $(PLATFORM:%=--platform %) $(PYTHON:%=--python %) $(if $(BLENDER),--blender $(BLENDER))

.venv/ready: pyproject.toml setup/prepare.sh setup/libraries.py
	@PYTHON="$(PYTHON)" sh setup/prepare.sh

clean:
	rm -rf .venv out dist build

.PHONY: demo test test-matrix test-window extension clean
