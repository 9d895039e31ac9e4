"""What the tests of the command line share: where things are, running the program, and refusals.

The scripts take DRIFTWOOD REFERENCE_DATA FOLDER_OF_TEST_GUESTS.
"""

import atexit
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

DRIFTWOOD, REFERENCE_DATA, TEST_GUESTS = (
    pathlib.Path(argument).resolve() for argument in sys.argv[1:4]
)
GOLDENS = pathlib.Path(__file__).parent / "goldens"
STORIES = REFERENCE_DATA / "tinystories-656K"
SMALL = GOLDENS / "llama32-f32"  # has no tokenizer, so it takes --prompt-ids
# Nothing of a test is left in the caches of whoever runs it.
CACHE = pathlib.Path(tempfile.mkdtemp())
atexit.register(shutil.rmtree, CACHE, ignore_errors=True)
os.environ["DRIFTWOOD_CACHE"] = str(CACHE)

IDS = ["--model", SMALL, "--prompt-ids", "3,4,5", "--max-tokens", "2"]


def driftwood(*arguments, stdin=b"", **options):
    """Runs the program; nothing may end by a signal or leave a file behind."""
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run(
            [DRIFTWOOD, *map(str, arguments)],
            input=stdin,
            capture_output=True,
            timeout=300,
            cwd=folder,
            **options,
        )
        assert not os.listdir(folder), f"{arguments} wrote {os.listdir(folder)}"
    assert (
        result.returncode >= 0
    ), f"{arguments} ended by signal {-result.returncode}: {result.stderr}"
    return result


def devices(**options):
    """What `driftwood devices --json` lists."""
    return json.loads(driftwood("devices", "--json", **options).stdout)["devices"]


class CommandTest(unittest.TestCase):
    def works(self, *arguments, code=0, **options):
        """The program's standard output."""
        result = driftwood(*arguments, **options)
        self.assertEqual(result.returncode, code, result.stderr)
        return result.stdout

    def refused(self, *arguments, saying, code=1, stdin=b"", **options):
        """Bad input ends in one clear sentence, exit code 1 (2: usage), and no standard output."""
        result = driftwood(*arguments, stdin=stdin, **options)
        error = result.stderr.decode()
        self.assertEqual(result.returncode, code, error)
        self.assertEqual(result.stdout, b"")
        for words in saying:
            self.assertIn(words, error)
        if code == 1:
            self.assertEqual(error.count("\n"), 1, error)
            self.assertTrue(error.startswith("driftwood: "), error)
            self.assertTrue(error.endswith(".\n"), error)
        return error


def main():
    if os.environ.get("CI") == "true" and not STORIES.exists():
        sys.exit(f"the reference data is missing: {STORIES}")
    unittest.main(argv=sys.argv[:1], verbosity=1)
