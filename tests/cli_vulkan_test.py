"""Commands on a GPU, compared with the CPU: what holds on the one holds on the other.

cli_vulkan_test.py DRIFTWOOD REFERENCE_DATA FOLDER_OF_TEST_GUESTS
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from cli_support import (
    CACHE,
    DRIFTWOOD,
    GOLDENS,
    SMALL,
    STORIES,
    CommandTest,
    devices,
    driftwood,
    main,
)

SKIPPED = 77  # as CTest is told
USABLE = [device["name"] for device in devices() if device["usable"]]
NAMES = [name for name in USABLE if name.startswith("vulkan")]
GPU = ("--device", "vulkan")
CPU = ("--device", "cpu")
PROMPT = "It was a dark night"
GREEDY = ("--temperature", 0, "--max-tokens", 24)
LOGITS = ("--json", "--ignore-eos", "--temperature", 0, "--top-logprobs", 5, "--prompt-logprobs")
TOLERANCE = 1e-3


def timeless(lines):
    """JSON lines without what a clock says."""
    records = [json.loads(line) for line in lines.splitlines()]
    for record in records:
        record.pop("timings", None)
    return records


class Run(CommandTest):
    def lines(self, *options, model=("--model", SMALL)):
        ids = ("--prompt-ids", "3,4,5,6,7,8,9,10", "--max-tokens", 12, "--seed", 1)
        return timeless(self.works("run", *model, *ids, *LOGITS, *options))

    def test_the_default_model_writes_its_golden_text(self):
        text = self.works("run", *GPU, "--temperature", 0, "--max-tokens", 60, PROMPT)
        self.assertEqual(text.decode(), (GOLDENS / "default_model_greedy.txt").read_text())

    def test_the_tokens_are_the_cpus_and_the_logits_are_close(self):
        for model in (("--model", SMALL), ()):  # and the default one
            ours, cpus = self.lines(*GPU, model=model), self.lines(*CPU, model=model)
            self.assertEqual(len(ours), 8 + 12 + 1)
            self.assertNotEqual(ours, cpus, "these are the CPU's own")
            for our, cpu in zip(ours[:-1], cpus[:-1]):
                self.assertEqual(our["id"], cpu["id"])
                if cpu["logprob"] is not None:
                    self.assertAlmostEqual(our["logprob"], cpu["logprob"], delta=TOLERANCE)
                self.assertEqual(len(our["top_logprobs"]), len(cpu["top_logprobs"]))
                for top, cpu_top in zip(our["top_logprobs"], cpu["top_logprobs"]):
                    self.assertAlmostEqual(top["logprob"], cpu_top["logprob"], delta=TOLERANCE)
            self.assertEqual(ours[-1], cpus[-1])

    def test_the_bits_are_the_same_in_every_run_and_in_pieces(self):
        lines = self.lines(*GPU)
        for more in ((), ("--prefill-piece", 1), ("--prefill-piece", 3), ("--threads", 1)):
            self.assertEqual(self.lines(*GPU, *more), lines)
        self.assertEqual(self.lines("--device", NAMES[0]), lines)

    def test_a_number_that_is_not_there(self):
        said = [f"There is no Vulkan device 9999; there are {len(NAMES)}, from 0 on."]
        self.refused("run", "--device", "vulkan:9999", PROMPT, saying=said)
        self.refused("probe", "--device", "vulkan:9999", saying=said)

    def test_compiled_kernels_are_kept_and_may_be_damaged(self):
        lines = self.lines(*GPU)
        files = list((CACHE / "pipelines").iterdir())
        self.assertGreater(len(files), 0)
        for file in files:
            file.write_bytes(os.urandom(file.stat().st_size))
        self.assertEqual(self.lines(*GPU), lines)

    def test_ctrl_c_ends_with_130_and_keeps_what_was_printed(self):
        command = [DRIFTWOOD, "run", *GPU, "--ignore-eos", "--max-tokens", "2000", PROMPT]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        first = process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        rest, error = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, error)
        self.assertTrue((first + rest).endswith(b"\n"))

    def test_a_timeout_ends_the_text(self):
        endless = ("--ignore-eos", "--max-tokens", 2000, "--timeout", 1)
        last = json.loads(self.works("run", *GPU, "--json", *endless, PROMPT).splitlines()[-1])
        self.assertEqual(last["done"], "deadline")
        self.assertLess(last["usage"]["completion_tokens"], 2000)

    def trace(self, *options):
        ids = ("--prompt-ids", "3,4,5", "--max-tokens", 2, "--seed", 1, "--json")
        trace = ("--trace-hash", "-", "--model", SMALL)
        printed = self.works("run", *ids, *trace, *options).decode().splitlines()
        return [line.split() for line in printed if not line.startswith("{")]

    def test_a_trace_has_the_cpus_ops_and_the_same_hashes_in_every_run(self):
        trace = self.trace(*GPU)
        self.assertGreater(len(trace), 40)
        self.assertEqual(self.trace(*GPU), trace)
        cpus = self.trace(*CPU)
        self.assertEqual([line[:3] for line in trace], [line[:3] for line in cpus])
        # Where no sum is made the bits are the same.
        self.assertEqual((trace[0], trace[0][2]), (cpus[0], "gather_rows"))
        self.assertNotEqual(trace[-1], cpus[-1])

    @unittest.skipUnless(STORIES.exists(), f"the reference data is missing: {STORIES}")
    def test_the_perplexity_is_the_cpus(self):
        text = b"Once upon a time there was a dog. The dog liked to run and play in the park."
        def measure(*options):
            return json.loads(
                self.works("eval", "--model", STORIES, "--json", *options, "-", stdin=text)
            )
        ours, cpus = measure(*GPU), measure(*CPU)
        self.assertEqual(ours["tokens"], cpus["tokens"])
        self.assertAlmostEqual(ours["perplexity"] / cpus["perplexity"], 1, delta=TOLERANCE)


class Frozen(CommandTest):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.file = self.folder / "talk.safetensors"

    def freeze(self, device):
        self.works("freeze", *device, self.file, *GREEDY, "--steps", 12, PROMPT)
        return self.file

    def thaw(self, path, *options):
        """What it printed, and its report."""
        result = subprocess.run(
            [DRIFTWOOD, "thaw", *options, path], capture_output=True, timeout=120
        )
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout, result.stderr.decode()

    def test_from_the_cpu_to_the_gpu_and_back(self):
        whole = self.works("run", *CPU, *GREEDY, PROMPT)
        for there, here in ((CPU, GPU), (GPU, CPU)):
            text, report = self.thaw(self.freeze(there), *here)
            self.assertEqual(text, whole)
            self.assertRegex(report, r"same-state, \d+ tokens, \d+ bytes read in [\d.]+ ms\n")
            self.assertIn("this device sums in another order", report)
            for device in ("cpu/", "vulkan/"):
                self.assertIn(f"({device}", report)
            resumed = self.works("run", "--resume", self.file, *here)
            self.assertEqual(resumed, whole)

    def test_what_the_gpu_froze_goes_on_as_identical(self):
        whole = self.works("run", *GPU, *GREEDY, PROMPT)
        path = self.freeze(GPU)
        text, report = self.thaw(path, *GPU)
        self.assertEqual(text, whole)
        self.assertRegex(report, r"identical, \d+ tokens, \d+ bytes read in [\d.]+ ms\n$")
        self.assertEqual(self.works("verify", path), b"whole\n")
        self.assertIn(b"the same bits", self.works("replay", *GPU, path))
        fork = self.folder / "fork"
        said = driftwood("fork", *GPU, path, fork).stderr
        self.assertEqual(said, b"")
        self.assertEqual(self.works("diff", path, fork), b"")
        self.assertEqual(self.thaw(fork, *GPU)[0], whole)
        said = driftwood("fork", *CPU, path, fork).stderr
        self.assertIn(b"same-state", said)

    def test_from_file_to_file_by_a_few_steps(self):
        sampled = ("--temperature", 0.9, "--seed", 7, "--max-tokens", 20)
        whole = self.works("run", *GPU, *sampled, PROMPT)
        text = self.works("run", *GPU, *sampled, "--save", self.file, "--steps", 7, PROMPT)
        text += self.works("run", *GPU, "--resume", self.file, "--save", self.file, "--steps", 5)
        text += self.works("run", *GPU, "--resume", self.file)
        self.assertEqual(text, whole)


class Guests(CommandTest):
    def test_products_of_matrices_are_exact(self):
        for message in ('{"seed": 1, "size": 128}', '{"seed": 7, "size": 33, "repeat": 3}'):
            run = ("run", "--guest", "matmul", "--input", "-")
            record = json.loads(self.works(*run, *GPU, stdin=message.encode()))
            self.assertEqual(record["errors"], 0)
            self.assertGreater(record["elements"], 1000)


class Bench(CommandTest):
    def test_it_times_the_gpus_ops(self):
        few = ("--contexts", 3, "--tokens", 2, "--pairs", 3, "--guests", 1)
        report = json.loads(self.works("bench", *GPU, "--json", "--model", SMALL, *few))
        self.assertEqual([context["tokens"] for context in report["contexts"]], [3])
        self.assertGreater(report["read_bytes_per_second"], 0)
        self.assertIn("linear 272 x 64 f32", [op["name"] for op in report["ops"]])


class Probe(CommandTest):
    def test_the_table_shows_what_it_shows_for_the_cpu(self):
        tables = {}
        for device in (CPU, GPU):
            head, *rows = self.works("probe", *device).decode().splitlines()
            tables[device] = {row[2:60].rstrip(): row[61:] for row in rows}
            self.assertIn(device[1], head.lower())
        ours, cpus = tables[GPU], tables[CPU]
        self.assertEqual(list(ours), list(cpus))
        exact = [name for name in cpus if re.search("address|number|wrong|bytes", name)]
        self.assertEqual(len(exact), 5, exact)
        for name in exact:
            self.assertEqual(ours[name], cpus[name], name)


if __name__ == "__main__":
    if not NAMES:
        missing = [d["missing"] for d in devices() if d["name"].startswith("vulkan")]
        print(f"SKIPPED: no Vulkan device can be used here: {missing}", file=sys.stderr)
        sys.exit(1 if os.environ.get("CI") == "true" else SKIPPED)
    main()
