# make demo    the embedded performance on the starter character: video, .blend and report in out/demo
# make test    style and tests
# make clean   removes what the others made
PYTHON ?=

demo: .venv/ready
	.venv/bin/understudy perform --demo --out out/demo

test: .venv/ready
	.venv/bin/ruff check .
	.venv/bin/python -m pytest

.venv/ready: pyproject.toml setup/prepare.sh setup/libraries.py
	@PYTHON="$(PYTHON)" sh setup/prepare.sh

clean:
	rm -rf .venv out dist build

.PHONY: demo test clean
