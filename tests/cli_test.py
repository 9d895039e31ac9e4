"""The command line as its users meet it: refusals, and what each command prints.

How `run` continues a prompt is in cli_run_test.py, conversations in files in cli_frozen_test.py.

cli_test.py DRIFTWOOD REFERENCE_DATA FOLDER_OF_TEST_GUESTS
"""

import json
import math
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest

from cli_support import (
    DRIFTWOOD,
    IDS,
    REFERENCE_DATA,
    SMALL,
    STORIES,
    TEST_GUESTS,
    CommandTest,
    devices,
    driftwood,
    main,
)


class Refusals(CommandTest):
    def model(self, source=SMALL, **changes):
        """A copy of a model folder; changes to config.json by key."""
        folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        for file in source.iterdir():
            shutil.copy(file, folder / file.name)
            (folder / file.name).chmod(0o644)
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | changes))
        return folder

    def run_on(self, folder, *more, saying, code=1):
        self.refused(
            "run",
            "--model",
            folder,
            "--json",
            "--prompt-ids",
            "3,4,5",
            "--max-tokens",
            2,
            *more,
            saying=saying,
            code=code,
        )

    def test_usage(self):
        self.refused(saying=["subcommand"], code=2)
        self.refused("fly", saying=["fly"], code=2)
        self.refused("run", "--temperature", "hot", "x", saying=["hot"], code=2)
        for top_p in ("1.5", "0", "nan"):
            self.refused("run", "--top-p", top_p, "x", saying=["--top-p"], code=2)
        for min_p in ("-0.1", "1.5", "nan"):
            self.refused("run", "--min-p", min_p, "x", saying=["--min-p"], code=2)
        self.refused("run", "--repetition-penalty", 0, "x", saying=["--repetition-pen"], code=2)
        for bias in ("7", "x:1", "7:", ":1", "7:101", "7:nan", "-1:1", "7:1x"):
            self.refused("run", *IDS, f"--logit-bias={bias}", saying=["--logit-bias"], code=2)
        self.refused("run", "--context", 0, "x", saying=["--context"], code=2)
        self.refused("run", "--model", SMALL, "--top-logprobs", 3, "x", saying=["--json"], code=2)
        self.refused("inspect", saying=["FILE"], code=2)
        for count in ("-1", "1.5", "5.0", "1e1", "0x5", "4294967296", "many"):
            self.refused("run", *IDS, "--max-tokens", count, saying=["--max-tokens"], code=2)
            self.refused("run", *IDS, "--top-k", count, saying=["--top-k"], code=2)
        for option in ("--input", "--prompt-file", "--guest", "--model", "--stop", "--trace-hash"):
            self.refused("run", option, "", saying=[option, "empty"], code=2)
        self.refused("--log", "loud", "probe", saying=["loud", "debug"], code=2)
        self.refused("probe", "--log", "loud", saying=["loud", "debug"], code=2)

    def test_model_folder(self):
        self.run_on("no/such/folder", saying=["no/such/folder"])
        folder = self.model()
        (folder / "config.json").unlink()
        self.run_on(folder, saying=["config.json"])
        folder = self.model()
        (folder / "model.safetensors").unlink()
        self.run_on(folder, saying=["model.safetensors"])
        folder = self.model()
        (folder / "config.json").write_text("{ not json")
        self.run_on(folder, saying=["config.json"])

    def test_truncated_weights(self):
        whole = (SMALL / "model.safetensors").read_bytes()
        for size in (0, 7, 8, 100, len(whole) // 2, len(whole) - 1):
            folder = self.model()
            (folder / "model.safetensors").write_bytes(whole[:size])
            self.run_on(folder, saying=["model.safetensors"])

    def test_hostile_weights(self):
        folder = self.model()
        header = json.dumps(
            {"a": {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 8]}}
        ).encode()
        (folder / "model.safetensors").write_bytes(
            struct.pack("<Q", len(header)) + header + bytes(8)
        )
        self.run_on(folder, saying=["model.safetensors"])

    def test_config_that_disagrees_with_the_weights(self):
        self.run_on(self.model(hidden_size=128), saying=["128"])
        self.run_on(self.model(num_hidden_layers=9), saying=["model.layers."])
        self.run_on(self.model(num_hidden_layers=1), saying=["num_hidden_layers", "1"])
        self.run_on(self.model(vocab_size=1000), saying=["1000"])

    def test_unknown_architecture_and_options(self):
        self.run_on(
            self.model(model_type="mamba", architectures=["MambaForCausalLM"]), saying=["amba"]
        )
        self.run_on(self.model(hidden_act="relu"), saying=["hidden_act", "relu"])
        self.run_on(self.model(attention_bias=True), saying=["attention_bias"])
        scaling = {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 2.0}
        self.run_on(self.model(rope_scaling=scaling, rope_parameters=scaling), saying=["yarn"])

    def test_context(self):
        self.run_on(SMALL, "--context", 100000, saying=["100000"])
        ids = ",".join(["3"] * 20)
        self.refused(
            "run", "--model", SMALL, "--prompt-ids", ids, "--context", 8, saying=["20", "8"]
        )

    def test_prompt_ids(self):
        self.refused("run", "--model", SMALL, "--prompt-ids", "3,99999", saying=["99999"])
        self.refused("run", "--model", SMALL, "--prompt-ids=-1", saying=["-1"])
        for ids in ("", ",", "3,x", "3,,4", "3,", "99999999999"):
            self.refused(
                "run", "--model", SMALL, f"--prompt-ids={ids}", saying=["--prompt-ids"], code=2
            )

    def test_ids_and_texts_of_the_samplers(self):
        self.refused("run", *IDS, "--json", "--logit-bias", "272:1", saying=["272", "271"])
        self.refused("run", *IDS, "--json", "--stop", "x", saying=["tokenizer", "stop"])
        self.refused("run", *IDS, "--json", "--stop", "x" * 1025, saying=["1 to 1024 bytes"])

    def test_a_text_prompt_without_a_tokenizer(self):
        self.refused("run", "--model", SMALL, "Hello", saying=["tokenizer"])
        self.refused("run", *IDS, saying=["tokenizer", "no text"])

    def test_prompt_that_is_not_utf8(self):
        self.refused("run", "--model", SMALL, stdin=b"ab\xffcd", saying=["UTF-8", "2"])

    def test_prompt_file_that_is_not_there(self):
        self.refused(
            "run", "--model", SMALL, "--prompt-file", "no/such.txt", saying=["no/such.txt"]
        )

    @unittest.skipUnless(STORIES.exists(), f"the reference data is missing: {STORIES}")
    def test_tokenizer_that_does_not_fit(self):
        folder = self.model()
        shutil.copy(STORIES / "tokenizer.json", folder / "tokenizer.json")
        self.run_on(folder, saying=["tokenizer", "2048", "272"])
        (folder / "tokenizer.json").chmod(0o644)
        (folder / "tokenizer.json").write_text("{}")
        self.run_on(folder, saying=["tokenizer.json"])

    def test_guests(self):
        with tempfile.TemporaryDirectory() as folder:
            guest = pathlib.Path(folder) / "guest.wasm"
            guest.write_bytes(b"#!/bin/sh\necho hello\n")
            self.run_on(SMALL, "--guest", guest, saying=["guest.wasm"])
            # (module (import "env" "open" (func)))
            guest.write_bytes(b"\0asm\1\0\0\0\1\4\1\x60\0\0\2\x0c\1\3env\4open\0\0")
            self.run_on(SMALL, "--guest", guest, saying=["env", "open"])
            guest.write_bytes(b"\0asm\1\0\0\0")
            self.run_on(SMALL, "--guest", guest, saying=["memory"])
        self.run_on(SMALL, "--guest", "no/such.wasm", saying=["no/such.wasm"])

    def test_guest_that_sends_a_broken_program(self):
        self.run_on(SMALL, "--guest", TEST_GUESTS / "broken_program.wasm", saying=["rogram"])

    def test_records_that_are_none(self):
        echo = TEST_GUESTS / "echo_records.wasm"
        for records in (
            "",  # a guest that says nothing at all
            "no json",
            "[]",
            '{"type":5}',
            '{"type":"text","text":5}',
            '{"type":"usage","decode_ns":"x"}',
            '{"type":"usage","seed":' + "[" * 100000 + "]" * 100000 + "}",
            '{"type":"error","code":1,"message":7}',
            '{"type":"dream"}\n{"type":"done","reason":"stop"}',
        ):
            for form in ([], ["--json"]):
                self.refused(
                    "run", "--guest", echo, *form, stdin=records.encode(), saying=["guest"]
                )
        self.refused(
            "run",
            "--guest",
            echo,
            "--",
            r'{"type":"error","message":"\u001b[2Jgone."}',
            saying=["?[2J"],
        )

    def test_inputs(self):
        echo = TEST_GUESTS / "echo_records.wasm"
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "input"
            file.write_bytes(b'{"prompt":"no json"}')
            self.refused("run", "--guest", echo, "--input", file, saying=["no JSON"])
            error = {"type": "error", "code": "corrupt", "message": "It is torn."}
            file.write_text(json.dumps({"prompt": json.dumps(error)}))
            self.refused("run", "--guest", echo, "--input", file, saying=["It is torn."])
            self.refused("run", "--guest", "abacus", "--input", file, saying=["abacus", "llama"])
            for other in (["x"], ["--prompt-ids", "3"], ["--prompt-file", file], ["--top-k", 3]):
                self.refused(
                    "run", "--guest", echo, "--input", file, *other, saying=["--input"], code=2
                )
        self.refused("run", "--guest", echo, "--input", "no/such", saying=["no/such"])
        self.refused("run", "--guest", echo, "--input", "/dev/zero", saying=["268435456 bytes"])

    def test_a_model_that_is_a_bare_file(self):
        file = SMALL / "model.safetensors"
        self.refused("run", "--model", file, "--prompt-ids", "3", "--json", saying=["model_type"])
        self.refused("run", "--model", SMALL / "config.json", "x", saying=[".safetensors"])

    def test_files_that_cannot_be_read(self):
        folder = tempfile.gettempdir()
        self.refused("run", "--model", SMALL, "--prompt-file", folder, saying=[folder, "directory"])
        self.refused("run", "--guest", folder, "x", saying=[folder, "directory"])
        self.refused("run", "--model", SMALL, "--prompt-file", "/dev/zero", saying=["limit"])

    def test_device(self):
        names = ["abacus", "null", "gpu", "CPU", "cpu:0", "auto:0", " vulkan", ""]
        names += [f"vulkan{number}" for number in ("0", ":", ":x", ":-1", ":0x1", ":1.0", ":0 ")]
        for command in ("run", "freeze", "thaw", "replay", "eval", "bench", "probe"):
            for name in names:
                said = [f"--device: {name} is not one of auto, cpu, vulkan, vulkan:N"]
                self.refused(command, "--device", name, "x", saying=said, code=2)
        self.run_on(SMALL, "--device", "vulkan:9999", saying=["Vulkan"])
        self.run_on(SMALL, "--isa", "mmx", saying=["mmx", "avx2"], code=2)

    def test_configurations_that_state_no_context(self):
        model = self.model(max_position_embeddings="x")
        self.refused("bench", "--model", model, saying=["max_position_embeddings"])
        self.run_on(model, saying=["max_position_embeddings"])


class Devices(CommandTest):
    def without_drivers(self):
        """An environment in which Vulkan finds no driver, whatever is installed."""
        return os.environ | {"VK_DRIVER_FILES": "/nowhere", "VK_ICD_FILENAMES": "/nowhere"}

    def test_json(self):
        printed = self.works("devices", "--json")
        self.assertEqual(printed.count(b"\n"), 1)
        listed = json.loads(printed)["devices"]
        for device in listed:
            self.assertEqual(list(device), ["name", "description", "usable", "missing"])
            self.assertRegex(device["name"], r"^(cpu|vulkan(:\d+)?)$")
            self.assertGreater(len(device["description"]), 5)
            self.assertEqual(device["usable"], device["missing"] == "")
        names = [device["name"] for device in listed]
        self.assertEqual(len(set(names)), len(names))
        cpu = listed[names.index("cpu")]
        self.assertTrue(cpu["usable"])
        self.assertRegex(cpu["description"], r"^CPU, \d+ threads?, \w+$")
        usable = [device["usable"] for device in listed]
        self.assertEqual(usable, sorted(usable, reverse=True), "those that can be used come first")

    def test_text(self):
        for environment in (os.environ, self.without_drivers()):
            lines = []
            for device in devices(env=environment):
                lines.append(f"{device['name']:<10}  {device['description']}")
                if not device["usable"]:
                    lines.append(f"{'':<10}  cannot be used: {device['missing']}")
            text = self.works("devices", env=environment).decode()
            self.assertEqual(text.splitlines(), lines)

    def test_without_a_driver_the_cpu_is_used_and_what_is_missing_is_said(self):
        environment = self.without_drivers()
        cpu, vulkan = devices(env=environment)
        self.assertEqual([cpu["name"], cpu["usable"]], ["cpu", True])
        self.assertEqual([vulkan["name"], vulkan["usable"]], ["vulkan", False])
        self.assertIn("Vulkan", vulkan["missing"])
        self.assertRegex(vulkan["missing"], r"\.$")
        run = ("run", *IDS, "--json", "--temperature", 0, "--device")
        by_cpu = self.works(*run, "cpu", env=environment).splitlines()[0]
        self.assertEqual(self.works(*run, "auto", env=environment).splitlines()[0], by_cpu)
        for name in ("vulkan", "vulkan:0"):
            self.refused(*run, name, saying=["Vulkan"], env=environment)

    def test_every_usable_one_runs_under_its_name(self):
        for device in devices():
            if device["usable"]:
                line = self.works("run", *IDS, "--json", "--device", device["name"]).splitlines()[0]
                self.assertIn("id", json.loads(line), device)

    def test_usage(self):
        self.refused("devices", "cpu", saying=["cpu"], code=2)
        self.refused("devices", "--device", "cpu", saying=["--device"], code=2)


class Inspect(unittest.TestCase):
    def test_a_valid_file(self):
        result = driftwood("inspect", SMALL / "model.safetensors")
        self.assertEqual(result.returncode, 0)
        self.assertIn(b"model.embed_tokens.weight", result.stdout)
        listing = json.loads(driftwood("inspect", "--json", SMALL / "model.safetensors").stdout)
        embedding = next(t for t in listing["tensors"] if t["name"] == "model.embed_tokens.weight")
        self.assertEqual((embedding["dtype"], embedding["shape"]), ("F32", [272, 64]))

    def test_files_that_are_not(self):
        for path, words in (
            (SMALL / "config.json", "config.json"),
            ("no/such/file", "no/such/file"),
        ):
            result = driftwood("inspect", path)
            self.assertEqual((result.returncode, result.stdout), (1, b""))
            self.assertIn(words, result.stderr.decode())

    @unittest.skipUnless(
        REFERENCE_DATA.exists(), f"the reference data is missing: {REFERENCE_DATA}"
    )
    def test_the_verdicts_of_the_reference_library(self):
        folder = REFERENCE_DATA / "safetensors-vectors"
        named = {
            case["file"]: case["expect"] == "ok"
            for case in json.loads((folder / "expected.json").read_text())
        }
        files = sorted(folder.glob("*.safetensors"))
        self.assertEqual(len(files), 20)
        for file in files:
            begin = time.monotonic()
            result = driftwood("inspect", file)
            self.assertEqual(
                result.returncode == 0, named.get(file.name, True), f"{file.name}: {result.stderr}"
            )
            self.assertLess(time.monotonic() - begin, 5, file.name)


class Eval(CommandTest):
    TEXT = "Once upon a time, there was a little girl named Lily. She had a red ball."

    def setUp(self):
        if not STORIES.exists():
            self.skipTest(f"the reference data is missing: {STORIES}")

    def evaluate(self, text, *arguments):
        result = driftwood(
            "eval", "--json", "--model", STORIES, *arguments, "-", stdin=text.encode()
        )
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr, b"")
        return json.loads(result.stdout)

    def positions(self, *prompt):
        """The positions of a prompt as `run` scores them."""
        result = driftwood(
            *("run", "--json", "--model", STORIES, "--prompt-logprobs", "--max-tokens", 0), *prompt
        )
        self.assertEqual(result.returncode, 0, result.stderr)
        return [json.loads(line) for line in result.stdout.splitlines()[:-1]]

    def summed(self, windows):
        """Negative log-likelihood and count over (ids, first scored position)."""
        scored = []
        for ids, first in windows:
            scored += self.positions("--prompt-ids", ",".join(map(str, ids)))[first:]
        return -sum(position["logprob"] for position in scored), len(scored)

    def test_a_text_that_fits_into_one_window(self):
        measured = self.evaluate(self.TEXT)
        positions = self.positions(self.TEXT)[1:]
        nll = -sum(position["logprob"] for position in positions)
        self.assertAlmostEqual(measured["negative_log_likelihood"], nll, places=4)
        self.assertEqual(measured["tokens"], len(positions))
        self.assertEqual(measured["text_tokens"], len(positions))
        self.assertEqual(measured["text_bytes"], len(self.TEXT))
        self.assertAlmostEqual(
            measured["perplexity"], math.exp(nll / len(positions)), delta=1e-5 * nll
        )
        bits_per_byte = nll / math.log(2) / len(self.TEXT)
        self.assertAlmostEqual(measured["bits_per_byte"], bits_per_byte, places=5)

    def test_windows_overlap_by_half_a_context_and_score_every_token_once(self):
        ids = [position["id"] for position in self.positions(self.TEXT)]
        bos, ids = ids[0], ids[1:]
        windows = [([bos, *ids[:7]], 1)]
        for end in range(11, len(ids) + 4, 4):
            new = min(end, len(ids)) - (end - 4)
            begin = min(end, len(ids)) - 7
            windows.append(([bos, *ids[begin : begin + 7]], 8 - new))
        nll, count = self.summed(windows)
        measured = self.evaluate(self.TEXT, "--context", 8)
        self.assertEqual((measured["tokens"], count), (len(ids), len(ids)))
        self.assertAlmostEqual(measured["negative_log_likelihood"], nll, places=4)

    def test_disjoint_windows_score_their_second_half(self):
        ids = [position["id"] for position in self.positions(self.TEXT)]
        windows = [([ids[0], *ids[at + 1 : at + 8]], 5) for at in range(0, len(ids) - 7, 8)]
        nll, count = self.summed(windows)
        measured = self.evaluate(self.TEXT, "--context", 8, "--protocol", "llama.cpp")
        self.assertEqual((measured["tokens"], count), (3 * len(windows), 3 * len(windows)))
        self.assertAlmostEqual(measured["negative_log_likelihood"], nll, places=4)

    def test_threads_and_instruction_sets_change_no_bit(self):
        figures = {
            self.evaluate(self.TEXT, *more)["negative_log_likelihood"]
            for more in ((), ("--threads", 1), ("--isa", "portable"))
        }
        self.assertEqual(len(figures), 1)

    def test_the_perplexity_that_llama_cpp_finds(self):
        text = (STORIES / "ppl-text-in-vocab.txt").read_text()
        measured = self.evaluate(text, "--context", 256, "--protocol", "llama.cpp")
        self.assertLess(abs(measured["perplexity"] / 30.788 - 1), 0.001, measured)

    def test_for_people(self):
        result = driftwood("eval", "--model", STORIES, "-", stdin=self.TEXT.encode())
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(
            [line.rsplit(maxsplit=1)[0] for line in result.stdout.decode().splitlines()][:2],
            ["perplexity", "negative log-likelihood"],
        )

    def test_refusals(self):
        stories = ("eval", "--model", STORIES, "-")
        self.refused("eval", "--model", STORIES, saying=["FILE"], code=2)
        self.refused(*stories, "--protocol", "best", saying=["best"], code=2)
        self.refused(*stories, "--context", 3, saying=["--context"], code=2)
        self.refused("eval", "--model", STORIES, "no/such.txt", saying=["no/such.txt"])
        self.refused("eval", "--model", SMALL, "-", stdin=b"text", saying=["tokenizer"])
        self.refused(*stories, saying=["0 tokens", "512"])
        self.refused(*stories, "--protocol", "llama.cpp", stdin=b"Once", saying=["tokens", "512"])
        self.refused(*stories, stdin=b"ab\xffcd", saying=["UTF-8", "2"])
        self.refused(*stories, "--context", 1000, stdin=b"Once upon", saying=["1000", "512"])

    def test_ctrl_c_ends_with_130(self):
        command = [DRIFTWOOD, "eval", "--model", STORIES, "--context", "16", "-"]
        process = subprocess.Popen(
            [*command, "--isa", "portable"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        process.stdin.write((STORIES / "ppl-text-in-vocab.txt").read_bytes())
        process.stdin.close()
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.stdout.read(), b"")
        self.assertEqual(process.wait(timeout=30), 130, process.stderr.read())
        process.stdout.close()
        process.stderr.close()


class Bench(unittest.TestCase):
    def test_json_holds_a_figure_for_everything(self):
        result = driftwood(
            "bench",
            "--json",
            "--contexts",
            "3,5",
            "--tokens",
            "2",
            "--pairs",
            "3",
            "--guests",
            "2",
            "--model",
            SMALL,
        )
        self.assertEqual(result.returncode, 0, result.stderr)
        report = json.loads(result.stdout)
        for key in ("read_bytes_per_second", "flops", "weight_bytes", "load_ms"):
            self.assertGreater(report[key], 0, key)
        self.assertEqual([context["tokens"] for context in report["contexts"]], [3, 5])
        for context in report["contexts"]:
            self.assertEqual(context["token_ms"]["count"], 2)
            self.assertGreater(context["share_of_read"]["median"], 0)
            self.assertGreater(context["cold_token_ms"]["median"], 0)
        names = [op["name"] for op in report["ops"]]
        self.assertIn("linear 272 x 64 f32", names)
        self.assertIn("attention", names)
        batch = report["batch"]
        self.assertEqual((batch["sequences"], batch["step_ms"]["count"]), (16, 25))
        # What limits is one of the two, pair by pair, so its share is no less than either.
        for share in ("share_of_arithmetic", "share_of_read"):
            self.assertGreater(batch[share]["median"], 0)
            self.assertGreaterEqual(batch["share_of_limit"]["median"], batch[share]["median"])
        self.assertGreater(report["host_us_per_token"]["median"], 0)
        self.assertEqual(report["guests"]["count"], 2)
        samplings = [tax["sampling"] for tax in report["wasm_tax"]]
        self.assertEqual(samplings, ["greedy", "temperature 0.8, top-p 0.95"])
        for tax in report["wasm_tax"]:
            self.assertEqual(tax["pairs"], 3)
            self.assertGreater(tax["ratio"], 0)
        self.assertIn("?", report["question"])

    def test_contexts_that_do_not_fit(self):
        result = driftwood("bench", "--contexts", "250", "--tokens", "4", "--model", SMALL)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"takes a context of 260 rows; the model has 256", result.stderr)


class Probe(unittest.TestCase):
    def test_json(self):
        result = driftwood("probe", "--json", "--model", SMALL)
        self.assertEqual(result.returncode, 0, result.stderr)
        probed = json.loads(result.stdout)["devices"]
        usable = [device["name"] for device in devices() if device["usable"]]
        self.assertEqual([device["name"] for device in probed], usable)
        wanted = {
            "name",
            "pointer_identity",
            "byte_identity",
            "rss_delta_zero_copy_bytes",
            "rss_delta_copy_bytes",
            "matmul_elements",
            "matmul_errors",
            "matmul_ms",
            "matmul_copy_ms",
            "copying_costs_ms",
            "host_call_ns",
            "copied_bytes_per_token",
            "link_bytes_per_token",
            "load_ms",
            "prefill_5_ms",
            "token_ms",
        }
        for device in probed:
            self.assertLessEqual(wanted, device.keys())

    def test_help_and_version(self):
        self.assertRegex(driftwood("--version").stdout.decode(), r"^driftwood \d+\.\d+\.\d+\n$")
        commands = ("run",), ("eval",), ("inspect",), ("probe",), ("bench",), ("devices",)
        for command in ((), *commands):
            result = driftwood(*command, "--help")
            self.assertEqual(result.returncode, 0)
            self.assertIn(b"Examples:", result.stdout)


if __name__ == "__main__":
    main()
