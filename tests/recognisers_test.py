"""The built-in guests mnist and vad on trained checkpoints, as their users run them.

recognisers_test.py DRIFTWOOD REFERENCE_DATA [DEVICE [IMAGES]]

On a device that is not the CPU, so many images of the test set are read (default: all of them), and
compared with the CPU's answers too.
"""

import gzip
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

DRIFTWOOD, REFERENCE_DATA = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
DEVICE = sys.argv[3] if len(sys.argv) > 3 else "cpu"
IS_CPU = DEVICE == "cpu"
MOST_IMAGES = int(sys.argv[4]) if len(sys.argv) > 4 else 10_000
SKIPPED = 77  # as CTest is told
MNIST = REFERENCE_DATA / "mnist"
VAD = REFERENCE_DATA / "silero-vad"
PIXELS = 28 * 28
# Whatever computes, the bits are the same.
VARIANTS = (["--threads", 1], ["--threads", 2], ["--isa", "portable", "--threads", 2])
if not IS_CPU:
    VARIANTS = ([],)  # the same once more


def run(guest, model, message, *options, device=DEVICE):
    with tempfile.NamedTemporaryFile() as file:
        file.write(message)
        file.flush()
        command = ["run", "--guest", guest, "--model", model, "--input", file.name, *options]
        command += ["--device", device]
        return subprocess.run(
            [DRIFTWOOD, *map(str, command)], capture_output=True, timeout=3600, check=False
        )


def records(guest, model, message, *options, device=DEVICE):
    result = run(guest, model, message, *options, device=device)
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


class Recogniser(unittest.TestCase):
    def refused(self, guest, model, message, *words):
        result = run(guest, model, message)
        self.assertEqual((result.returncode, result.stdout), (1, b""))
        self.assertEqual(result.stderr.count(b"\n"), 1, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr.decode())


@unittest.skipUnless(MNIST.exists(), f"the reference data is missing: {MNIST}")
class Mnist(Recogniser):
    MODEL = MNIST / "mnist.safetensors"

    @classmethod
    def setUpClass(cls):
        cls.images = gzip.decompress((MNIST / "t10k-images-idx3-ubyte.gz").read_bytes())
        cls.labels = gzip.decompress((MNIST / "t10k-labels-idx1-ubyte.gz").read_bytes())[8:]

    def first(self, count):
        return struct.pack(">IIII", 0x803, count, 28, 28) + self.images[16 : 16 + count * PIXELS]

    def digits(self, message, *options, device=DEVICE):
        *batches, summary = records("mnist", self.MODEL, message, *options, device=device)
        digits = []
        for batch in batches:
            self.assertEqual((batch["type"], batch["first"]), ("digits", len(digits)))
            digits += batch["digits"]
        self.assertEqual(summary, {"type": "summary", "images": len(digits)})
        return digits

    def test_every_image_of_the_test_set(self):
        expected = json.loads((MNIST / "EXPECTED-jsgrad-mnist-t10k.json").read_text())
        digits = self.digits(self.first(MOST_IMAGES))
        if MOST_IMAGES == expected["total"]:
            correct = sum(digit == label for digit, label in zip(digits, self.labels))
            self.assertEqual((correct, len(digits)), (expected["correct"], expected["total"]))
        if not IS_CPU:
            self.assertEqual(digits, self.digits(self.first(MOST_IMAGES), device="cpu"))
        best = [row.index(max(row)) for row in expected["logits_first_20"]]
        self.assertEqual(digits[:20], best)

    def test_batches_of_every_kind(self):
        most = 201 if IS_CPU else 101  # a batch has 100
        digits = self.digits(self.first(most))
        self.assertEqual(len(digits), most)
        for count in (0, 1, 100) if IS_CPU else (0, 1):
            self.assertEqual(self.digits(self.first(count)), digits[:count])
        for options in VARIANTS if IS_CPU else ():
            self.assertEqual(self.digits(self.first(most), *options), digits)

    def test_what_is_no_image_file(self):
        self.refused("mnist", self.MODEL, b"", "0 bytes")
        self.refused("mnist", self.MODEL, gzip.compress(self.first(1)), "gzip")
        self.refused("mnist", self.MODEL, self.first(2)[:-1], "2 of 28 x 28")
        other = struct.pack(">IIII", 0x803, 1, 27, 28) + bytes(27 * 28)
        self.refused("mnist", self.MODEL, other, "27 x 28")

    @unittest.skipUnless(VAD.exists(), f"the reference data is missing: {VAD}")
    def test_another_model(self):
        model = VAD / "silero_vad_16k.safetensors"
        self.refused("mnist", model, self.first(1), "layers.0.weight")


@unittest.skipUnless(VAD.exists(), f"the reference data is missing: {VAD}")
class Vad(Recogniser):
    MODEL = VAD / "silero_vad_16k.safetensors"

    @classmethod
    def setUpClass(cls):
        cls.wav = (VAD / "test.wav").read_bytes()

    def first(self, samples):
        """The recording's first samples as a WAV file."""
        size = struct.pack("<I", 2 * samples)
        return self.wav[:40] + size + self.wav[44 : 44 + 2 * samples]

    def frames(self, message, *options):
        *frames, summary = records("vad", self.MODEL, message, *options)
        self.assertEqual(summary, {"type": "summary", "frames": len(frames)})
        for index, frame in enumerate(frames):
            self.assertEqual((frame["type"], frame["index"]), ("frame", index))
        return [frame["probability"] for frame in frames]

    def test_every_frame_of_a_minute_of_speech(self):
        expected = json.loads((VAD / "expected-test.wav.json").read_text())["probs"]
        probabilities = self.frames(self.wav)
        self.assertEqual(len(probabilities), 1875)
        self.assertEqual(len(expected), 1875)
        worst = max(abs(a - b) for a, b in zip(probabilities, expected))
        self.assertLess(worst, 1e-3)
        for options in VARIANTS:
            self.assertEqual(self.frames(self.wav, *options), probabilities)

    def test_recordings_of_every_length(self):
        probabilities = self.frames(self.first(2 * 512))
        self.assertEqual(self.frames(self.first(0)), [])
        self.assertEqual(self.frames(self.first(512)), probabilities[:1])
        begun = self.frames(self.first(513))  # a sample of the second frame, the rest silence
        self.assertEqual((len(begun), begun[0]), (2, probabilities[0]))
        self.assertNotEqual(begun[1], probabilities[1])

    def test_what_is_no_recording(self):
        self.refused("vad", self.MODEL, b"", "RIFF")
        self.refused("vad", self.MODEL, self.wav[:-1], "left")
        fast = bytearray(self.first(512))
        fast[24:28] = struct.pack("<I", 44100)
        self.refused("vad", self.MODEL, fast, "44100", "16000")


if __name__ == "__main__":
    missing = [str(folder) for folder in (MNIST, VAD) if not folder.exists()]
    if os.environ.get("CI") == "true" and missing:
        sys.exit(f"the reference data is missing: {', '.join(missing)}")
    listing = json.loads(subprocess.check_output([DRIFTWOOD, "devices", "--json"]))["devices"]
    if not any(one["usable"] and one["name"].split(":")[0] == DEVICE for one in listing):
        print(f"SKIPPED: no {DEVICE} can be used here: {listing}", file=sys.stderr)
        sys.exit(1 if os.environ.get("CI") == "true" else SKIPPED)
    unittest.main(argv=sys.argv[:1], verbosity=1)
