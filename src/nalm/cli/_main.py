"""The command `nalm`: signals, and what goes wrong outside, become one line on stderr and an exit status."""

from __future__ import annotations

import sys

from nalm import interrupts
from nalm.cli import _output
from nalm.cli._messages import note
from nalm.errors import NalmError


def main() -> None:
    """Run the command line; errors that a user can mend are one line each on stderr."""
    # first of all: the imports below take a while
    interrupts.install()
    _output.install()
    try:
        from nalm.cli._app import app

        try:
            app(prog_name="nalm")
        except SystemExit:
            sys.stdout.flush()
            raise
    except KeyboardInterrupt:
        note("interrupted")
        sys.exit(interrupts.STATUS)
    except SystemExit as end:
        # typer leaves without a word when it is interrupted outside of training
        if isinstance(getattr(end.__context__, "__cause__", None), KeyboardInterrupt):
            note("interrupted")
        raise
    except NalmError as error:
        _output.flush()
        note(str(error))
        sys.exit(error.exit_status)
    except MemoryError:
        _output.flush()
        note("out of memory; what is finished is kept, give it more")
        sys.exit(1)
    except ImportError as error:
        note(f"cannot be loaded: {error}; is the installation whole, and memory not limited (ulimit -v)?")
        sys.exit(1)
    except BrokenPipeError:
        _output.flush()
        sys.exit(1)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        note(f"{where}{error.strerror or error}")
        _output.flush()
        sys.exit(1)
