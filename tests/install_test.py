"""The installed package as programs and guests outside of the project use it.

install_test.py BUILD_FOLDER CXX_COMPILER WASM_COMPILER

Installs into a scratch folder, moves it, and from there builds and runs examples/: the program by
find_package alone and by pkg-config, the guest by the one clang command of sdk/README.md.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(sys.argv[1]).resolve()
CXX, WASM_CXX = sys.argv[2:4]
SOURCE = pathlib.Path(__file__).resolve().parent.parent
MODEL = SOURCE / "models" / "default"
PROMPT = "It was a dark and stormy night"


def run(*command, **options):
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)
    assert result.returncode == 0, f"{command}: {result.stdout}{result.stderr}"
    return result.stdout


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        run("cmake", "--install", BUILD, "--prefix", cls.folder / "first")
        cls.prefix = (cls.folder / "first").rename(cls.folder / "moved")
        cls.library = next(cls.prefix.glob("lib*/**/libdriftwood_runtime.a")).parent
        cls.examples = cls.folder / "examples"
        shutil.copytree(SOURCE / "examples", cls.examples)
        cls.text = run(
            cls.prefix / "bin" / "driftwood",
            *["run", "--temperature", "0", "--max-tokens", "40", PROMPT],
        )

    def test_a_program_is_built_by_find_package_alone(self):
        build = self.folder / "build"
        run(
            *["cmake", "-S", self.examples, "-B", build, "-G", "Ninja"],
            *[f"-DCMAKE_PREFIX_PATH={self.prefix}", f"-DCMAKE_CXX_COMPILER={CXX}"],
        )
        run("cmake", "--build", build)
        self.assertEqual(run(build / "embed", MODEL, PROMPT), self.text)
        self.assertGreater(len(self.text), 40)
        lines = run(build / "freeze", MODEL, PROMPT, self.folder / "frozen.safetensors").split("\n")
        self.assertEqual(len(lines), 5, lines)
        self.assertGreater(min(map(len, lines[:4])), 20)
        self.assertEqual(lines[1:3], [lines[2], lines[3]], "actor, fork and thawed go on alike")

    def test_a_program_is_built_by_pkg_config(self):
        surroundings = os.environ | {"PKG_CONFIG_PATH": str(self.library / "pkgconfig")}
        flags = run("pkg-config", "--cflags", "--libs", "driftwood", env=surroundings).split()
        embed = self.folder / "embed"
        run(CXX, self.examples / "embed.cpp", "-o", embed, *flags)
        self.assertEqual(run(embed, MODEL, PROMPT), self.text)

    def test_a_guest_is_built_by_the_documented_command(self):
        sdk = self.prefix / "share" / "driftwood" / "sdk"
        readme = (sdk / "README.md").read_text()
        command = re.search(r"```\n(clang\+\+.*?)\n```", readme, re.S).group(1)
        words = command.replace("\\\n", " ").split()
        self.assertEqual(words[words.index("-I") + 1], "sdk")
        words = [WASM_CXX, *words[1:]]
        words[words.index("-I") + 1] = sdk
        run(*words, cwd=self.examples)
        numbers = self.folder / "numbers.txt"
        numbers.write_text("1 2.5 -3")
        driftwood = self.prefix / "bin" / "driftwood"
        guest = self.examples / "doubler.wasm"
        doubled = run(driftwood, "run", "--guest", guest, "--input", numbers)
        self.assertEqual(doubled, "2.000000\n5.000000\n-6.000000\n")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
