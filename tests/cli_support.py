"""What the tests of the command line share: where things are, and running the program.

The scripts take DRIFTWOOD REFERENCE_DATA FOLDER_OF_TEST_GUESTS.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

DRIFTWOOD, REFERENCE_DATA, TEST_GUESTS = (
    pathlib.Path(argument).resolve() for argument in sys.argv[1:4]
)
GOLDENS = pathlib.Path(__file__).parent / "goldens"
STORIES = REFERENCE_DATA / "tinystories-656K"
SMALL = GOLDENS / "llama32-f32"  # has no tokenizer, so it takes --prompt-ids


def driftwood(*arguments, stdin=b"", **options):
    """Runs the program; nothing may end by a signal or leave a file behind."""
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run(
            [DRIFTWOOD, *map(str, arguments)],
            input=stdin,
            capture_output=True,
            timeout=120,
            cwd=folder,
            **options,
        )
        assert not os.listdir(folder), f"{arguments} wrote {os.listdir(folder)}"
    assert (
        result.returncode >= 0
    ), f"{arguments} ended by signal {-result.returncode}: {result.stderr}"
    return result
