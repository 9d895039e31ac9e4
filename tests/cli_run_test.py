"""`driftwood run` as its users meet it: what it prints, where, and with which exit code.

cli_run_test.py DRIFTWOOD REFERENCE_DATA FOLDER_OF_TEST_GUESTS
"""

import json
import os
import pathlib
import pty
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest

from cli_support import DRIFTWOOD, GOLDENS, IDS, SMALL, STORIES, TEST_GUESTS, driftwood, main


class Run(unittest.TestCase):
    def tokens(self, *arguments):
        result = driftwood("run", "--json", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        return lines[:-1], lines[-1]

    def test_json_lines(self):
        tokens, end = self.tokens(
            "--model",
            SMALL,
            "--prompt-ids",
            "3,4,5",
            "--max-tokens",
            4,
            "--temperature",
            0,
            "--ignore-eos",
            "--top-logprobs",
            3,
            "--prompt-logprobs",
        )
        self.assertEqual([token.get("prompt", False) for token in tokens], [True] * 3 + [False] * 4)
        self.assertEqual([token["id"] for token in tokens[:3]], [3, 4, 5])
        self.assertIsNone(tokens[0]["logprob"])
        for token in tokens[1:]:
            self.assertLess(token["logprob"], 0)
            self.assertEqual(len(token["top_logprobs"]), 3)
        for token in tokens[3:]:
            self.assertEqual(token["id"], token["top_logprobs"][0]["id"])
        self.assertEqual(end["usage"], {"prompt_tokens": 3, "completion_tokens": 4})
        self.assertEqual(end["done"], "length")
        self.assertGreater(end["timings"]["prefill_ms"], 0)

    def test_records_of_any_protocol(self):
        records = '{"type":"text","text":"ab"}\n{"type":"text","text":"c"}\n[1, 2]\n{"type":5}\n7'
        message = json.dumps({"prompt": records}).encode()
        command = ("run", "--guest", TEST_GUESTS / "echo_records.wasm", "--input", "-")
        printed = driftwood(*command, stdin=message)
        self.assertEqual(printed.returncode, 0, printed.stderr)
        self.assertEqual(printed.stdout, b'abc\n[1, 2]\n{"type":5}\n7\n')
        printed = driftwood(*command, "--json", stdin=message)
        self.assertEqual(printed.stdout.decode(), records + "\n")

    def test_a_built_in_guest_by_its_name(self):
        arguments = ("run", "--json", *IDS, "--temperature", 0)
        tokens = [driftwood(*arguments, *more).stdout for more in ((), ("--guest", "llama"))]
        self.assertEqual(*(json.loads(text.splitlines()[0])["id"] for text in tokens))

    def test_a_seed_gives_the_same_text_again_and_another_one_does_not(self):
        def ids(seed, *more):
            tokens, end = self.tokens(
                "--model",
                SMALL,
                "--prompt-ids",
                "3,4,5",
                "--max-tokens",
                30,
                "--ignore-eos",
                "--temperature",
                2,
                "--seed",
                seed,
                *more,
            )
            self.assertEqual(end["seed"], seed)
            return [token["id"] for token in tokens]

        self.assertEqual(ids(7), ids(7, "--threads", 1, "--prefill-piece", 1))
        self.assertNotEqual(ids(7), ids(8))
        self.assertNotEqual(ids(7, "--top-k", 0, "--top-p", 1), ids(7, "--top-k", 2))

    def test_a_chosen_seed_is_shown(self):
        _, end = self.tokens("--model", SMALL, "--prompt-ids", "3", "--max-tokens", 1)
        _, other = self.tokens("--model", SMALL, "--prompt-ids", "3", "--max-tokens", 1)
        self.assertNotEqual(end["seed"], other["seed"])

    def test_biases_and_penalties_steer_greedy_tokens(self):
        def ids(*more):
            some = ("--prompt-ids", "3,4,5", "--max-tokens", 12, "--ignore-eos")
            if "--temperature" not in more:
                more = ("--temperature", 0, *more)
            tokens, _ = self.tokens("--model", SMALL, *some, *more)
            return [token["id"] for token in tokens]

        plain = ids()
        self.assertEqual(ids("--repetition-penalty", 1, "--logit-bias", "7:0"), plain)
        self.assertEqual(ids("--logit-bias", "7:100"), [7] * 12)
        banned = ids(f"--logit-bias={plain[0]}:-100")
        self.assertNotIn(plain[0], banned)
        self.assertEqual(len(set(ids("--repetition-penalty", 100))), 12)
        self.assertEqual(ids("--temperature", 3, "--min-p", 1), plain)

    def test_the_context_ends_the_text(self):
        tokens, end = self.tokens(
            "--model", SMALL, "--prompt-ids", "3,4,5", "--context", 8, "--ignore-eos"
        )
        self.assertEqual(end["done"], "context")
        self.assertEqual(len(tokens), 6)  # 8 rows, and the token that none follows

    def test_without_a_model_the_one_that_is_beside_the_program_continues_the_text(self):
        result = driftwood("run", "--temperature", 0, "--max-tokens", 60, "It was a dark night")
        golden = GOLDENS / "default_model_greedy.txt"
        self.assertEqual(result.stdout.decode(), golden.read_text(), result.stderr)

    def test_zeros_in_front_of_a_count_change_nothing(self):
        tokens, _ = self.tokens(*IDS[:-1], "010")
        self.assertEqual(len(tokens), 10)

    def test_a_program_without_its_model_asks_for_one(self):
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / "driftwood"
            shutil.copy(DRIFTWOOD, program)
            result = subprocess.run([program, "run", "x"], capture_output=True)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"models/default", result.stderr)
        self.assertIn(b"--model", result.stderr)

    @unittest.skipUnless(STORIES.exists(), f"the reference data is missing: {STORIES}")
    def test_text_goes_to_standard_output_and_nothing_else(self):
        arguments = ("run", "--model", STORIES, "--temperature", 0, "--max-tokens", 24)
        by_argument = driftwood(*arguments, "Once upon a time")
        self.assertEqual(by_argument.returncode, 0)
        self.assertEqual(by_argument.stderr, b"")
        self.assertTrue(
            by_argument.stdout.decode().startswith(
                ", a little girl named Lily lived in a small house"
            )
        )
        self.assertEqual(
            driftwood(*arguments, stdin=b"Once upon a time").stdout, by_argument.stdout
        )
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"Once upon a time")
            file.flush()
            self.assertEqual(
                driftwood(*arguments, "--prompt-file", file.name).stdout, by_argument.stdout
            )

    @unittest.skipUnless(STORIES.exists(), f"the reference data is missing: {STORIES}")
    def test_a_stop_string_ends_the_text_and_is_not_printed(self):
        greedy = ("--model", STORIES, "--temperature", 0, "--max-tokens", 24)
        stops = ("--stop", "nobody", "--stop", "Lily lived")  # spans tokens
        result = driftwood("run", *greedy, *stops, "Once upon a time")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout, b", a little girl named \n")
        tokens, end = self.tokens(*greedy, *stops, "Once upon a time")
        texts = [token["text"] for token in tokens]
        self.assertIn("Lily lived", "".join(texts))  # with what follows in the last token
        self.assertNotIn("Lily lived", "".join(texts[:-1]))
        self.assertEqual((end["done"], end["stop"]), ("stop", "Lily lived"))
        self.assertEqual(end["usage"]["completion_tokens"], len(tokens))
        # What only looks like the beginning of one is printed after all.
        whole = driftwood("run", *greedy, "Once upon a time").stdout
        cut = driftwood("run", *greedy, "--stop", "Lily lived twice", "Once upon a time").stdout
        self.assertEqual(cut, whole)

    @unittest.skipUnless(STORIES.exists(), f"the reference data is missing: {STORIES}")
    def test_a_reader_that_leaves_ends_it_quietly(self):
        command = f"'{DRIFTWOOD}' run --model '{STORIES}' --ignore-eos --json 'Once' | head -n 1"
        result = subprocess.run(command, shell=True, capture_output=True, timeout=120)
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stdout.count(b"\n"), 1)
        self.assertEqual(result.stderr, b"")

    @unittest.skipUnless(STORIES.exists(), f"the reference data is missing: {STORIES}")
    def test_ctrl_c_ends_with_130_and_keeps_what_was_printed(self):
        command = [
            DRIFTWOOD,
            "run",
            "--model",
            STORIES,
            "--ignore-eos",
            "--isa",
            "portable",
            "Once",
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        first = process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        rest, error = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130, error)
        self.assertTrue((first + rest).endswith(b"\n"))

    @unittest.skipUnless(STORIES.exists(), f"the reference data is missing: {STORIES}")
    def test_a_terminal_keeps_the_text(self):
        main, side = pty.openpty()
        command = [DRIFTWOOD, "run", "--model", STORIES, "--temperature", "0", "--max-tokens", "24"]
        process = subprocess.Popen([*command, "Once upon a time"], stdout=side, stderr=side)
        os.close(side)
        seen = b""
        while True:
            try:
                piece = os.read(main, 4096)
            except OSError:  # how the end of a terminal shows
                break
            if not piece:
                break
            seen += piece
        os.close(main)
        self.assertEqual(process.wait(timeout=30), 0)
        text = seen[seen.index(b", a little girl named Lily") :]
        self.assertNotIn(b"\x1b[K", text)
        self.assertIn(b"tokens/s", text)

    def test_output_that_cannot_be_written_is_a_failure(self):
        for command in (["inspect", SMALL / "model.safetensors"], ["run", "--json", *IDS]):
            with open("/dev/full", "wb") as full:
                result = subprocess.run([DRIFTWOOD, *command], stdout=full, stderr=subprocess.PIPE)
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn(b"Standard output cannot be written", result.stderr)

    def test_a_timeout_is_a_done_record_and_a_success(self):
        result = driftwood("run", "--json", *IDS, "--timeout", "0")
        self.assertEqual(result.returncode, 0, result.stderr)
        last = json.loads(result.stdout.splitlines()[-1])
        self.assertEqual((last["done"], last["usage"]["completion_tokens"]), ("deadline", 0))

    def test_ctrl_c_ends_a_guest_that_never_answers(self):
        command = [DRIFTWOOD, "run", "--guest", TEST_GUESTS / "endless.wasm", "hello"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130, error)

    def test_a_timeout_ends_a_guest_that_never_answers(self):
        guest = TEST_GUESTS / "endless.wasm"
        result = driftwood("run", "--guest", guest, "--timeout", "0.1", "hello")
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"did not end its work within 1000 ms", result.stderr)

    def test_ctrl_c_while_the_prompt_is_awaited(self):
        process = subprocess.Popen(
            [DRIFTWOOD, "run", "--model", SMALL],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130)


class Checkpoints(unittest.TestCase):
    """The same weights in other files give the same bits."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        whole = (SMALL / "model.safetensors").read_bytes()
        size = struct.unpack("<Q", whole[:8])[0]
        header = json.loads(whole[8 : 8 + size])
        header.pop("__metadata__", None)
        data = whole[8 + size :]
        self.tensors = {
            name: (entry["dtype"], entry["shape"], data[slice(*entry["data_offsets"])])
            for name, entry in header.items()
        }

    def write(self, file, tensors):
        header, data = {}, b""
        for name, (dtype, shape, values) in tensors.items():
            offsets = [len(data), len(data) + len(values)]
            header[name] = {"dtype": dtype, "shape": shape, "data_offsets": offsets}
            data += values
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        file.write_bytes(struct.pack("<Q", len(text)) + text + data)

    def model(self, name, shards):
        """A folder with the small model's config and one file for each dict of tensors."""
        folder = self.folder / name
        folder.mkdir(parents=True)
        shutil.copy(SMALL / "config.json", folder)
        if len(shards) == 1:
            self.write(folder / "model.safetensors", shards[0])
            return folder
        weight_map = {}
        for number, tensors in enumerate(shards, 1):
            file = f"model-{number:05}-of-{len(shards):05}.safetensors"
            self.write(folder / file, tensors)
            weight_map |= dict.fromkeys(tensors, file)
        index = {"metadata": {}, "weight_map": weight_map}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
        return folder

    def lines(self, model, **options):
        ids = ("--prompt-ids", "3,4,5,6", "--prompt-logprobs", "--max-tokens", 4)
        sampling = ("--temperature", 0, "--ignore-eos", "--top-logprobs", 3, "--kv-dtype", "f32")
        result = driftwood("run", "--json", "--model", model, *ids, *sampling, **options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout.splitlines()[:-1]

    def test_weights_in_several_files(self):
        names = sorted(self.tensors)
        shards = [{name: self.tensors[name] for name in names[i::3]} for i in range(3)]
        self.assertEqual(self.lines(self.model("sharded", shards)), self.lines(SMALL))

    def test_weights_of_several_dtypes(self):
        same, mixed = {}, {}
        for number, (name, (dtype, shape, values)) in enumerate(sorted(self.tensors.items())):
            numbers = struct.unpack(f"<{len(values) // 4}f", values)
            # Multiples of 1/64 below 2 are exact in all three dtypes.
            halves = struct.pack(f"<{len(numbers)}e", *(round(x * 64) / 64 for x in numbers))
            numbers = struct.unpack(f"<{len(numbers)}e", halves)
            whole = struct.pack(f"<{len(numbers)}f", *numbers)
            upper = b"".join(whole[at + 2 : at + 4] for at in range(0, len(whole), 4))
            exact = all(whole[at : at + 2] == b"\0\0" for at in range(0, len(whole), 4))
            same[name] = ("F32", shape, whole)
            choices = [same[name], ("F16", shape, halves)] + [("BF16", shape, upper)] * exact
            mixed[name] = choices[number % len(choices)]
        self.assertEqual({dtype for dtype, _, _ in mixed.values()}, {"F32", "F16", "BF16"})
        self.assertEqual(
            self.lines(self.model("mixed", [mixed])), self.lines(self.model("same", [same]))
        )

    def test_models_by_name_in_the_hugging_face_cache(self):
        hub = self.folder / "home" / ".cache" / "huggingface" / "hub"
        entry = hub / "models--org--small"
        (entry / "refs").mkdir(parents=True)
        (entry / "refs" / "main").write_text("0123abc")
        (entry / "snapshots" / "0123abc").mkdir(parents=True)
        (entry / "blobs").mkdir()
        for number, file in enumerate(SMALL.iterdir()):
            shutil.copy(file, entry / "blobs" / str(number))
            link = entry / "snapshots" / "0123abc" / file.name
            link.symlink_to(f"../../blobs/{number}")
        plain = {"HOME": str(self.folder / "nowhere")}
        for environment in (
            {"HOME": str(self.folder / "home")},
            plain | {"XDG_CACHE_HOME": str(hub.parent.parent)},
            plain | {"HF_HOME": str(hub.parent)},
            plain | {"HF_HUB_CACHE": str(hub), "HF_HOME": "/nowhere"},
        ):
            self.assertEqual(self.lines("org/small", env=environment), self.lines(SMALL))
        result = driftwood("run", "--model", "org/other", "x", env=plain)
        self.assertEqual(result.returncode, 1)
        self.assertIn(str(self.folder / "nowhere"), result.stderr.decode())
        self.assertIn("models--org--other", result.stderr.decode())


class CompiledGuests(unittest.TestCase):
    """What was compiled is kept, where the environment says, and makes no difference."""

    def setUp(self):
        self.home = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def files(self, folder):
        return [path for path in folder.rglob("*") if path.is_file()]

    def run_with(self, **environment):
        result = driftwood("run", *IDS, "--json", "--temperature", "0", env=environment)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        return [line for line in result.stdout.splitlines() if b"timings" not in line]

    def test_where_they_are_kept(self):
        home, other = self.home / "home", self.home / "other"
        plain = self.run_with()
        for environment, folder in (
            ({"HOME": str(home)}, home / ".cache" / "driftwood"),
            ({"HOME": str(home), "XDG_CACHE_HOME": str(other)}, other / "driftwood"),
            ({"HOME": str(home), "DRIFTWOOD_CACHE": str(other / "here")}, other / "here"),
        ):
            for _ in range(2):
                self.assertEqual(self.run_with(**environment), plain)
                self.assertEqual(len(self.files(folder)), 1)
        self.assertEqual(len(self.files(self.home)), 3)
        self.run_with(HOME=str(self.home / "nowhere"), DRIFTWOOD_CACHE="")
        self.assertEqual(len(self.files(self.home)), 3)

    def test_a_damaged_file_is_written_again(self):
        plain = self.run_with(DRIFTWOOD_CACHE=str(self.home))
        (file,) = self.files(self.home)
        whole = file.read_bytes()
        file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        self.assertEqual(self.run_with(DRIFTWOOD_CACHE=str(self.home)), plain)
        self.assertEqual(file.read_bytes(), whole)

    def test_a_folder_that_cannot_be_written_is_said_in_the_log_alone(self):
        blocked = self.home / "file" / "below"
        blocked.parent.touch()
        self.run_with(DRIFTWOOD_CACHE=str(blocked))
        result = driftwood(
            "run", *IDS, "--json", "--log", "info", env={"DRIFTWOOD_CACHE": str(blocked)}
        )
        self.assertEqual(result.returncode, 0)
        self.assertIn(str(blocked), result.stderr.decode())


class TraceHash(unittest.TestCase):
    def trace(self, *options):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "trace.txt"
            result = driftwood("run", *IDS, "--seed", "1", "--json", "--trace-hash", path, *options)
            self.assertEqual(result.returncode, 0, result.stderr)
            return path.read_text().splitlines()

    def test_a_line_for_each_op_of_each_run_that_holds_the_bits(self):
        lines = [line.split() for line in self.trace()]
        self.assertEqual(sorted({line[0] for line in lines}), ["1", "2"])
        first = [line for line in lines if line[0] == "1"]
        self.assertEqual([line[1] for line in first], [str(op) for op in range(len(first))])
        self.assertEqual((first[0][2], first[-1][2]), ("gather_rows", "top_logits"))
        self.assertTrue(all(len(line) == 4 and int(line[3], 16) >= 0 for line in lines))
        self.assertGreater(len({line[3] for line in first}), len(first) // 2)

    def test_instruction_sets_threads_and_cache_dtypes(self):
        trace = self.trace("--threads", "1")
        self.assertEqual(self.trace("--isa", "portable", "--threads", "2"), trace)
        other = self.trace("--kv-dtype", "bf16")
        first = next(i for i, (a, b) in enumerate(zip(trace, other)) if a != b)
        self.assertEqual(other[first].split()[2], "append_rows", "the first op that differs")

    def test_standard_output_and_a_file_that_cannot_be_made(self):
        result = driftwood("run", *IDS, "--json", "--trace-hash", "-")
        self.assertIn(b"1 0 gather_rows ", result.stdout)
        failed = driftwood("run", *IDS, "--json", "--trace-hash", "no/such/trace.txt")
        self.assertEqual(failed.returncode, 1)
        self.assertIn(b"no/such/trace.txt", failed.stderr)
        self.assertEqual(failed.stdout, b"")


if __name__ == "__main__":
    main()
