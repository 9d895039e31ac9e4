"""Conversations in files as their users meet them: saved, gone on with, compared, damaged.

cli_frozen_test.py DRIFTWOOD REFERENCE_DATA FOLDER_OF_TEST_GUESTS
"""

import json
import pathlib
import shutil
import signal
import struct
import subprocess
import tempfile
import unittest

from cli_support import (
    DRIFTWOOD,
    GOLDENS,
    REFERENCE_DATA,
    SMALL,
    TEST_GUESTS,
    CommandTest,
    driftwood,
    main,
)

PROMPT = "It was a dark night"
GREEDY = ("--temperature", 0, "--max-tokens", 40)
SAMPLED = ("--temperature", 0.9, "--seed", 7, "--max-tokens", 40)
VAD = REFERENCE_DATA / "silero-vad"


class FrozenTest(CommandTest):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.file = self.folder / "talk.safetensors"

    def freeze(self, name="talk.safetensors", *more, steps=12):
        path = self.folder / name
        self.works("freeze", path, *SAMPLED, "--steps", steps, *more, PROMPT)
        return path


class SaveAndResume(FrozenTest):
    def test_the_parts_are_the_text_of_one_run(self):
        for sampling, cuts in ((GREEDY, (1, 3, 20)), (SAMPLED, (2, 9, 30, 41))):
            whole = self.works("run", *sampling, PROMPT)
            for steps in cuts:
                first = self.works("run", *sampling, "--save", self.file, "--steps", steps, PROMPT)
                rest = self.works("run", "--resume", self.file)
                self.assertEqual(first + rest, whole, f"{sampling}, {steps} steps")

    def test_from_file_to_file_by_a_few_steps(self):
        whole = self.works("run", *SAMPLED, PROMPT)
        save = ("--save", self.file, "--steps", 11)
        text = self.works("run", *SAMPLED, *save, PROMPT)
        for _ in range(3):
            text += self.works("run", "--resume", self.file, *save)
        self.assertEqual(text, whole)
        self.refused("run", "--resume", self.file, saying=["under way", "PROMPT"], code=2)

    def test_threads_and_instruction_sets_do_not_matter(self):
        whole = self.works("run", *SAMPLED, PROMPT)
        first = self.works("run", *SAMPLED, "--save", self.file, "--steps", 9, PROMPT)
        options = ("--isa", "portable", "--threads", 1)
        self.assertEqual(first + self.works("run", "--resume", self.file, *options), whole)

    def test_a_next_message(self):
        second = ("--temperature", 0, "--max-tokens", 8, "The ship")
        alone = self.works("run", *second)
        self.works("run", *GREEDY, "--save", self.file, PROMPT)
        self.assertEqual(self.works("run", "--resume", self.file, *second), alone)
        # Behind an answer that is under way, each text on its own line.
        whole = self.works("run", *GREEDY, PROMPT)
        first = self.works("run", *GREEDY, "--save", self.file, "--steps", 9, PROMPT)
        both = self.works("run", "--resume", self.file, *second)
        self.assertEqual(first + both, whole + alone)

    def test_a_message_that_waits_in_the_file(self):
        second = ("--temperature", 0, "--max-tokens", 8, "The ship")
        whole = self.works("run", *GREEDY, PROMPT) + self.works("run", *second)
        text = self.works("run", *GREEDY, "--save", self.file, "--steps", 9, PROMPT)
        text += self.works("run", "--resume", self.file, "--save", self.file, "--steps", 5, *second)
        listing = json.loads(self.works("inspect", "--json", self.file))
        self.assertEqual(listing["frozen_actor"]["waiting_messages"], 1)
        self.assertEqual(text + self.works("run", "--resume", self.file), whole)

    def test_json(self):
        whole = self.works("run", *SAMPLED, "--json", PROMPT).splitlines()
        first = self.works(
            "run", *SAMPLED, "--json", "--save", self.file, "--steps", 9, PROMPT
        ).splitlines()
        paused = json.loads(first[-1])
        self.assertEqual(paused["done"], "paused")
        self.assertEqual(paused["saved"]["file"], str(self.file))
        self.assertEqual(paused["saved"]["bytes"], self.file.stat().st_size)
        self.assertGreater(paused["saved"]["rows"], 9)
        rest = self.works("run", "--resume", self.file, "--json", "--save", self.file).splitlines()
        self.assertEqual(first[:-1] + rest[:-1], whole[:-1])
        end = json.loads(rest[-1])
        self.assertEqual((end["done"], end["usage"]["completion_tokens"]), ("length", 40))
        self.assertIn("saved", end)

    def test_records_of_the_other_kind(self):
        text = self.works("run", *GREEDY, PROMPT).decode()
        first = self.works("run", *GREEDY, "--save", self.file, "--steps", 9, PROMPT).decode()
        rest = self.works("run", "--resume", self.file, "--json").splitlines()
        texts = [json.loads(line)["text"] for line in rest[:-1]]
        self.assertEqual(first + "".join(texts) + "\n", text)
        self.works("run", *GREEDY, "--json", "--save", self.file, "--steps", 2, PROMPT)
        self.assertEqual(self.works("run", "--resume", self.file).decode(), text)

    ENDLESS = ("--temperature", "0", "--ignore-eos", "--isa", "portable", "--max-tokens", "400")

    def begin_endless(self):
        """A run that is saved, of whose text a byte was read."""
        process = subprocess.Popen(
            [DRIFTWOOD, "run", *self.ENDLESS, "--save", self.file, PROMPT],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        return process, process.stdout.read(1)

    def test_ctrl_c_saves_where_the_text_stopped(self):
        whole = self.works("run", *self.ENDLESS, PROMPT)
        for stop in (signal.SIGINT, signal.SIGTERM):
            process, first = self.begin_endless()
            process.send_signal(stop)
            more, error = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 130, error)
            first += more
            self.assertLess(len(first), len(whole))
            self.assertEqual(first + self.works("run", "--resume", self.file), whole)

    def test_a_reader_that_goes_away_stops_it_and_it_is_saved(self):
        process, _ = self.begin_endless()
        process.stdout.close()
        error = process.stderr.read()
        process.stderr.close()
        self.assertEqual(process.wait(timeout=60), 1, error)
        self.assertIn(b"Standard output cannot be written", error)
        self.assertEqual(self.works("verify", self.file), b"whole\n")
        self.assertGreater(len(self.works("run", "--resume", self.file)), 10)

    @unittest.skipUnless(VAD.exists(), f"the reference data is missing: {VAD}")
    def test_a_guest_of_another_protocol_in_the_midst_of_its_input(self):
        model = ("--model", VAD / "silero_vad_16k.safetensors")
        start = ("run", "--guest", "vad", *model, "--input", VAD / "test.wav")
        whole = self.works(*start)
        first = self.works(*start, "--save", self.file, "--steps", 40)
        self.assertEqual(first + self.works("run", "--resume", self.file, *model), whole)
        other = ("--guest", "vad", *model)
        self.refused("thaw", "--reprefill", self.file, *other, saying=["which tokens"])
        again = self.works("run", "--resume", self.file, *model, "--input", VAD / "test.wav")
        self.assertEqual(first + again, whole + whole)

    def test_usage(self):
        path = self.freeze()
        self.refused("run", "--steps", 3, PROMPT, saying=["--save"], code=2)
        self.refused("run", "--thin", PROMPT, saying=["--save"], code=2)
        self.refused("run", "--save", "", PROMPT, saying=["--save", "empty"], code=2)
        self.refused("run", "--resume", "", saying=["--resume", "empty"], code=2)
        for steps in ("0", "-1", "many"):
            self.refused(
                "run", "--save", path, "--steps", steps, PROMPT, saying=["--steps"], code=2
            )
        self.refused("run", "--resume", path, "--top-k", 3, saying=["PROMPT"], code=2)
        for option in (("--context", 9), ("--kv-dtype", "f32")):
            self.refused("run", "--resume", path, *option, saying=[option[0]], code=2)

    def test_files_that_cannot_be(self):
        missing = self.folder / "no" / "file"
        self.refused("run", "--resume", missing, saying=[str(missing)])
        # Said before anything is done.
        path = self.freeze()
        for target, words in ((missing, str(missing.parent)), (self.folder, "is a folder")):
            self.refused("run", *GREEDY, "--save", target, PROMPT, saying=[words])
            self.refused("freeze", target, PROMPT, saying=[words])
            self.refused("thaw", path, "--save", target, saying=[words])
            self.refused("fork", path, self.folder / "one", target, saying=[words])
        self.assertFalse((self.folder / "one").exists())
        self.refused("run", "--resume", SMALL / "config.json", saying=["config.json"])
        self.refused("run", "--resume", SMALL / "model.safetensors", saying=["no frozen actor"])

    def test_what_a_guest_refuses_is_not_saved(self):
        result = driftwood("run", "--context", 2, "--save", self.file, PROMPT)
        self.assertEqual(result.returncode, 1)
        self.assertFalse(self.file.exists())


class Thaw(FrozenTest):
    def test_the_report_and_what_follows(self):
        path = self.freeze()
        result = driftwood("thaw", path)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout, self.works("run", *SAMPLED, PROMPT))
        self.assertRegex(
            result.stderr.decode(), r"identical, \d+ tokens, \d+ bytes read in [\d.]+ ms\n$"
        )

    def test_computing_again(self):
        whole = self.works("run", *GREEDY, PROMPT)
        first = self.works("run", *GREEDY, "--save", self.file, "--steps", 12, PROMPT)
        result = driftwood("thaw", "--reprefill", self.file)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(first + result.stdout, whole)
        self.assertIn(b"tokens are computed again", result.stderr)
        self.refused(
            "thaw", "--reprefill", "--model", SMALL, self.file, saying=["another tokenizer"]
        )

    def test_computing_again_in_the_midst_of_the_prompt(self):
        whole = self.works("run", *GREEDY, PROMPT)
        for steps in (1, 2, 3):
            save = ("--prefill-piece", 2, "--steps", steps)
            self.works("freeze", self.file, *GREEDY, *save, PROMPT)
            self.assertEqual(self.works("thaw", "--reprefill", self.file), whole, steps)

    def test_computing_again_what_a_stop_string_held_back(self):
        whole = self.works("run", *GREEDY, PROMPT).decode()
        words = whole[10:].split(" ")
        for stop in (" ".join(words[2:5]), " ".join(words[2:5]) + "zz"):
            with_stop = (*GREEDY, "--stop", stop)
            wanted = self.works("run", *with_stop, PROMPT)
            for steps in range(4, 16):
                first = self.works("run", *with_stop, "--save", self.file, "--steps", steps, PROMPT)
                rest = driftwood("thaw", "--reprefill", self.file).stdout
                # Without a newline in files that --save stops.
                self.assertEqual((first + rest).rstrip(b"\n"), wanted.rstrip(b"\n"), (stop, steps))

    def test_computing_again_reports_no_prompt_twice(self):
        first = self.works(
            *("run", *GREEDY, "--json", "--prompt-logprobs"),
            *("--save", self.file, "--steps", 8, PROMPT),
        )
        self.assertIn(b'"prompt":true', first)
        self.assertNotIn(b'"prompt":true', self.works("thaw", "--reprefill", "--json", self.file))

    def test_streams_that_are_closed_or_full(self):
        path = self.freeze()
        text = self.works("thaw", path)
        with open("/dev/full", "w") as full:
            result = subprocess.run([DRIFTWOOD, "thaw", path], stdout=subprocess.PIPE, stderr=full)
            self.assertEqual((result.returncode, result.stdout), (0, text))
            result = subprocess.run([DRIFTWOOD, "thaw", self.folder / "none"], stderr=full)
            self.assertEqual(result.returncode, 1)
        closed = ["sh", "-c", 'exec "$@" <&- >&-', "sh", DRIFTWOOD, "run"]
        result = subprocess.run([*closed, *map(str, SAMPLED), PROMPT], stderr=subprocess.PIPE)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"Standard output cannot be written: Bad file descriptor.", result.stderr)

    def test_a_file_of_version_1(self):
        golden = GOLDENS / "frozen-1"
        needs = ("--model", SMALL, "--guest", GOLDENS / "abi-1" / "llama.wasm")
        printed = self.works("thaw", golden / "talk.safetensors", *needs, "--json").splitlines()
        tokens = [json.loads(line) for line in printed if b'"id"' in line]
        wanted = [json.loads(line) for line in (golden / "tokens.jsonl").read_text().splitlines()]
        self.assertEqual(len(wanted), 24)
        self.assertEqual(tokens, wanted)
        self.assertEqual(self.works("verify", golden / "talk.safetensors"), b"whole\n")

    def test_nothing_to_do(self):
        self.works("run", *GREEDY, "--save", self.file, PROMPT)
        result = driftwood("thaw", self.file)
        self.assertEqual((result.returncode, result.stdout), (0, b""))
        self.assertIn(b"identical", result.stderr)

    def test_another_model_is_named_with_what_to_do(self):
        path = self.freeze()
        error = self.refused("thaw", path, "--model", SMALL, saying=["another model", "SHA-256"])
        model = json.loads(self.works("inspect", "--json", path))["frozen_actor"]["model"]
        self.assertIn(model["weights"], error)
        self.assertIn("Name the model", error)
        error = self.refused("thaw", path, "--guest", "vad", saying=["Leave --guest out"])
        self.assertNotIn("--model", error)
        ids = ("--model", SMALL, "--prompt-ids", "3,4,5", "--json")
        self.works("freeze", self.file, *ids)
        self.refused("thaw", self.file, saying=["another model", "--model"])
        self.works("thaw", self.file, "--model", SMALL, "--json")

    def test_thin_files(self):
        thick = self.freeze("thick")
        thin = self.freeze("thin", "--thin")
        self.assertGreater(thick.stat().st_size - thin.stat().st_size, 50_000)
        whole = self.works("thaw", thick)
        self.assertEqual(self.works("thaw", thin), whole, "llama is what is tried by itself")
        self.refused("thaw", thin, "--guest", "vad", saying=["another guest", "SHA-256"])
        self.refused("thaw", thin, "--guest", "no/such.wasm", saying=["no/such.wasm"])
        echo = TEST_GUESTS / "echo_records.wasm"
        done = b'{"type":"done","reason":"stop"}'
        self.works("run", "--guest", echo, "--save", self.file, "--thin", stdin=done)
        self.refused("thaw", self.file, saying=["another guest", "--guest"])
        self.works("thaw", self.file, "--guest", echo)

    def test_verify_looks_at_every_byte(self):
        path = self.freeze()
        damage(path, "state.0")
        self.refused("thaw", path, "--verify", saying=["state.0", "checksum"])

    def test_saving_again(self):
        path = self.freeze()
        self.works("thaw", path, "--save", self.file, "--steps", 5)
        self.works("run", "--resume", self.file)


def damage(path, tensor, change=0x40):
    """Flips a bit in the middle of a tensor."""
    data = bytearray(path.read_bytes())
    size = struct.unpack("<Q", data[:8])[0]
    begin, end = json.loads(data[8 : 8 + size])[tensor]["data_offsets"]
    data[8 + size + (begin + end) // 2] ^= change
    path.write_bytes(data)


class Freeze(FrozenTest):
    def test_the_whole_answer_waits_in_the_file(self):
        whole = self.works("run", *SAMPLED, PROMPT)
        for steps in (1, 2, 20, 100):
            self.assertEqual(self.works("thaw", self.freeze(steps=steps)), whole)

    def test_json(self):
        out = json.loads(self.works("freeze", self.file, "--json", PROMPT))
        self.assertEqual(out["file"], str(self.file))
        self.assertEqual(out["bytes"], self.file.stat().st_size)
        self.assertGreater(out["rows"], 2, "the prompt was read")

    def test_refusals(self):
        self.refused("freeze", saying=["FILE"], code=2)
        self.refused("freeze", self.file, "--steps", 0, PROMPT, saying=["--steps"], code=2)
        self.refused("freeze", self.file, "--context", 2, PROMPT, saying=["context"])
        self.assertFalse(self.file.exists())


class Fork(FrozenTest):
    def test_each_goes_on_as_the_first_would(self):
        path = self.freeze()
        outputs = [self.folder / name for name in "abc"]
        listing = json.loads(self.works("fork", path, *outputs, "--json"))
        self.assertEqual([entry["file"] for entry in listing], list(map(str, outputs)))
        whole = self.works("thaw", path)
        for output in outputs:
            self.assertEqual(self.works("thaw", output), whole)
        self.assertEqual(self.works("diff", outputs[0], outputs[1]), b"")

    def test_refusals(self):
        path = self.freeze()
        self.refused("fork", path, saying=["OUT"], code=2)
        self.refused("fork", self.folder / "none", self.file, saying=["none"])
        self.refused("fork", path, self.folder / "no" / "file", saying=["no"])


class InspectAndVerify(FrozenTest):
    def test_a_summary(self):
        path = self.freeze()
        text = self.works("inspect", path).decode()
        for words in ("frozen actor", "weights", "memory.pages", "waiting", "next      run"):
            self.assertIn(words, text)
        self.assertNotIn('"segments"', text)
        actor = json.loads(self.works("inspect", "--json", path))["frozen_actor"]
        self.assertEqual((actor["next"], actor["thin"]), ("run", False))
        self.assertGreater(actor["rows"], 10)
        self.assertGreater(actor["memory_bytes"], actor["touched_bytes"])
        self.assertEqual(actor["description"]["segments"], 1)

    def test_whole_files(self):
        for more in ((), ("--thin",)):
            self.assertEqual(self.works("verify", self.freeze("talk", *more)), b"whole\n")

    def test_damage_in_every_tensor(self):
        path = self.freeze()
        names = [t["name"] for t in json.loads(self.works("inspect", "--json", path))["tensors"]]
        for name in names:
            if name.startswith("pad."):
                continue
            shutil.copy(path, self.folder / "damaged")
            damage(self.folder / "damaged", name)
            self.refused("verify", self.folder / "damaged", saying=["damaged"])

    def test_truncations(self):
        whole = self.freeze().read_bytes()
        for size in (0, 7, 8, 1000, len(whole) // 2, len(whole) - 1):
            self.file.write_bytes(whole[:size])
            self.refused("verify", self.file, saying=[str(self.file)])
            self.refused("thaw", self.file, saying=[str(self.file)])

    def test_files_that_are_something_else(self):
        for command in ("verify", "thaw", "replay"):
            self.refused(command, SMALL / "model.safetensors", saying=["no frozen actor"])
            self.refused(command, "no/such", saying=["no/such"])
            self.refused(command, saying=["FILE"], code=2)


class Diff(FrozenTest):
    def test_equal_files(self):
        path = self.freeze()
        self.assertEqual(self.works("diff", path, path), b"")
        self.assertTrue(json.loads(self.works("diff", "--json", path, path))["equal"])

    def test_another_seed(self):
        one = self.freeze("one")
        two = self.folder / "two"
        self.works("freeze", two, "--temperature", 0.9, "--seed", 8, "--steps", 12, PROMPT)
        text = self.works("diff", one, two, code=1).decode()
        self.assertIn("token ", text)
        self.assertIn("state 0, row ", text)
        found = json.loads(self.works("diff", "--json", one, two, code=1))
        self.assertFalse(found["equal"])
        for kind in ("tokens", "rows", "pages"):
            self.assertGreater(found[kind], 0, kind)
        self.assertGreaterEqual(found["rows"], found["tokens"])

    def test_a_flipped_bit(self):
        path = self.freeze()
        for name, kind in (("state.0", "rows"), ("memory", "pages"), ("globals", "globals")):
            other = self.folder / "other"
            shutil.copy(path, other)
            damage(other, name)
            found = json.loads(self.works("diff", "--json", path, other, code=1))
            self.assertEqual(found[kind], 1, found)

    def test_more_rows(self):
        found = json.loads(
            self.works("diff", "--json", self.freeze("a"), self.freeze("b", steps=15), code=1)
        )
        self.assertEqual((found["tokens"], found["rows"]), (3, 3))

    def test_refusals(self):
        path = self.freeze()
        self.refused("diff", path, saying=["B"], code=2)
        self.refused("diff", path, "no/such", saying=["no/such"])
        self.refused("diff", path, SMALL / "model.safetensors", saying=["no frozen actor"])


class Replay(FrozenTest):
    def test_the_same_bits(self):
        path = self.freeze()
        self.assertIn(b"the same bits", self.works("replay", path))
        found = json.loads(self.works("replay", "--json", "--isa", "portable", path))
        self.assertEqual((found["equal"], found["difference"]), (True, ""))
        self.assertGreater(found["calls"], 5)

    def test_other_bits(self):
        path = self.freeze()
        damage(path, "state.0", 1)
        text = self.works("replay", path, code=1)
        self.assertIn(b"not the same bits", text)
        self.assertFalse(json.loads(self.works("replay", "--json", path, code=1))["equal"])

    def test_another_model(self):
        self.refused(
            "replay", self.freeze(), "--model", SMALL, saying=["another model", "Name the model"]
        )


class Help(unittest.TestCase):
    def test_examples(self):
        for command in ("freeze", "thaw", "fork", "replay", "verify", "diff"):
            result = driftwood(command, "--help")
            self.assertEqual(result.returncode, 0)
            self.assertIn(b"Examples:", result.stdout)


if __name__ == "__main__":
    main()
