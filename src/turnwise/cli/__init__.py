"""The command `turnwise`: parse, call the pipeline, print."""

from __future__ import annotations

import errno
import sys

from turnwise.errors import TurnwiseError

INTERRUPTED = 130  # the exit code of what Ctrl-C ends


def main() -> None:
    """Run the command line; errors that the user can mend exit with 2 and no traceback."""
    from turnwise.cli.commands import app

    try:
        app()
    except TurnwiseError as error:
        _fail(str(error))
    except OSError as error:
        if error.errno == errno.ENOSPC:
            _fail(
                f"the disk is full ({error.filename or 'while writing'}). What was finished is "
                "kept: free some space and run the same command again"
            )
        if error.errno in (errno.EACCES, errno.EROFS) and error.filename:
            _fail(f"{error.filename}: {error.strerror}. Choose a place that you may write to")
        raise
    except SystemExit as end:
        if end.code == INTERRUPTED:  # typer has turned Ctrl-C into this, without a word
            print("stopped; what was finished is kept: run the same command again", file=sys.stderr)
        raise


def _fail(message: str) -> None:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(2)
