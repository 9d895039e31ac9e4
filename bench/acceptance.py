#!/usr/bin/env python3
"""Holds this machine's figures against the project's limits, one line for each, and exits with 1
where one is missed. Makes its checkpoints (3 GB) and a tokenizer out of the TEXTs (10 MB of prose
or more, .xz or plain) in SCRATCH where they are missing. Some minutes; nothing else should run
meanwhile.

    acceptance.py BUILD SCRATCH TEXT...      acceptance.py build/release scratch books/*.txt
"""

import json
import os
import pathlib
import subprocess
import sys
import time

BENCH = pathlib.Path(__file__).resolve().parent
THREADS = ["--threads", "2"]
missed = []


def check(what, value, limit, unit, at_most=True):
    holds = value <= limit if at_most else value >= limit
    relation = "at most" if at_most else "at least"
    print(f"{'ok' if holds else 'MISSED':<7} {what}: {value:.4g} {unit} ({relation} {limit:g})")
    if not holds:
        missed.append(what)


def output_of(*command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def checkpoint(scratch, shape):
    folder = scratch / shape
    if not (folder / "model.safetensors").exists():
        subprocess.run([sys.executable, BENCH / "make_checkpoint.py", shape, folder], check=True)
    return ["--model", str(folder)]


def check_tax(build, model):
    command = [build / "driftwood", "bench", "--json", "--contexts", "16", "--pairs", "300"]
    for tax in output_of(*command, *THREADS, *model)["wasm_tax"]:
        low, high = ((bound - 1) * 100 for bound in tax["ratio_interval"])
        check(f"WebAssembly's tax, {tax['sampling']}", (tax["ratio"] - 1) * 100, 1, "%")
        print(
            f"        95 % of the median: {low:.3f} to {high:.3f} %; outside the device "
            f"{tax['wasm_outside_us']['median']:.1f} us, native "
            f"{tax['native_outside_us']['median']:.1f} us; "
            f"{tax['whole_rows']} of {tax['pairs']} tokens needed the whole row"
        )


def check_decode(build, model):
    command = [build / "driftwood", "bench", "--json", "--contexts", "16", "--tokens", "40"]
    bench = output_of(*command, *THREADS, *model)
    context = bench["contexts"][0]
    share = context["share_of_read"]
    check("decode, of the read probe before each token", share["median"] * 100, 75, "%", False)
    print(
        f"        quartiles {share['lower_quartile'] * 100:.1f} to "
        f"{share['upper_quartile'] * 100:.1f} %; {context['token_ms']['median']:.1f} ms a token; "
        f"{bench['read_bytes_per_second'] * 1e-9:.1f} GB/s read at best"
    )
    check("load, with a tokenizer of Llama 3's size", bench["load_ms"], 1000, "ms")
    return bench["weight_bytes"]


def show_start(build, model):
    """Not a limit: what a person waits for, with everything in the page cache."""
    command = [build / "driftwood", "run", "Once upon a time", "--max-tokens", "1"]
    begin = time.monotonic()
    subprocess.run([*command, *THREADS, *model], check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - begin
    print(f"        driftwood run, from its start to its end, one token: {seconds:.2f} s")


def check_resident(build, model, weight_bytes):
    command = [build / "driftwood", "run", "--prompt-ids", "1,2,3", "--max-tokens", "8", "--json"]
    child = subprocess.Popen([*command, *THREADS, *model], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"driftwood run ended with status {status}")
    over = (usage.ru_maxrss * 1024 / weight_bytes - 1) * 100
    check("resident memory over the weights", over, 10, "%")


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    build, scratch, *texts = (pathlib.Path(argument) for argument in sys.argv[1:])
    host = output_of(build / "driftwood", "bench", "--json", "--contexts", "16")
    check("host's part of a token", host["host_us_per_token"]["median"], 2, "us")
    check_tax(build, checkpoint(scratch, "llama-100m"))
    large = checkpoint(scratch, "llama-1b")
    tokenizer = scratch / "llama-1b" / "tokenizer.json"
    if not tokenizer.exists():
        make = [sys.executable, BENCH / "make_tokenizer.py"]
        subprocess.run([*make, *texts, "-o", tokenizer], check=True)
    weight_bytes = check_decode(build, large)
    show_start(build, large)
    check_resident(build, large, weight_bytes)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
