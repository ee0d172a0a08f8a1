"""The command line: `understudy VERB …`, or `python -m understudy VERB …`.

Ends with 0; with 2 and one line on standard error where the user has something to mend; with 130 when interrupted.
"""

from __future__ import annotations

import argparse
import signal
import sys

from .solvers.errors import Cancelled, UnderstudyError
from .solvers.progress import Stages

MENDABLE, INTERRUPTED = 2, 130  # exit codes: argparse's own; 128 and the number of SIGINT, as shells have it


class Parser(argparse.ArgumentParser):
    """argparse's parser, with its complaint on one line."""

    def error(self, message: str):
        """End with one line that says what is wrong and where to read what is right."""
        self.exit(MENDABLE, f"understudy: {message}; see {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    from .addon import cli as addon_cli
    from .addon import face_cli
    from .addon.neural import cli as neural_cli
    from .serving import cli as serving_cli
    from .solvers import cli as solvers_cli

    whole = Parser(prog="understudy", description="A performance video becomes animation on a character.")
    verbs = whole.add_subparsers(required=True, metavar="VERB")
    addon_cli.add_verbs(verbs)
    face_cli.add_verbs(verbs)
    solvers_cli.add_verbs(verbs, addon_cli.describe_character, addon_cli.run_export)
    neural_cli.add_verb(verbs)
    serving_cli.add_verb(verbs)
    for verb in verbs.choices.values():
        verb.add_argument("--quiet", action="store_true", help="say nothing unless something is wrong")
    return whole


def main(words: list[str] | None = None) -> int:
    """Do what a command line asks for.

    words: its arguments; those of the process where none are given. Result: the exit code.
    """
    stages = Stages()
    ended = signal.signal(signal.SIGTERM, signal.default_int_handler)  # asked to end: as if interrupted
    try:
        arguments = parser().parse_args(words)
        if arguments.quiet:
            stages.out = None
        arguments.run(arguments, stages)
        return 0
    except (KeyboardInterrupt, Cancelled):
        return _told(stages, "interrupted; no result was written", INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone, and Python would complain while closing it
        return 0
    except UnderstudyError as fault:
        return _told(stages, str(fault), MENDABLE)
    except OSError as fault:
        where = f"{fault.filename}: " if fault.filename else ""
        return _told(stages, f"{where}{fault.strerror or fault}", MENDABLE)
    finally:
        signal.signal(signal.SIGTERM, ended)


def _told(stages: Stages, words: str, code: int) -> int:
    stages.stop()
    print("understudy:", " ".join(words.split()), file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
