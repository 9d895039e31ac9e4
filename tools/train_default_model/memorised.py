"""Counts sampled continuations that repeat the training text.

    python memorised.py --model models/default --data DIR

Each of 1,000 continuations of 100 tokens follows the first 16 tokens of another paragraph of the
validation books and is sampled as generation_config.json says. It counts if it holds 20 or more
consecutive tokens of the training text.
"""

import argparse
import json
import pathlib

import numpy
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

COUNT, TOKENS, PROMPT_TOKENS, RUN, ROWS = 1000, 100, 16, 20, 100
FACTOR = numpy.uint64(0x9E3779B97F4A7C15)


def hashes(ids: numpy.ndarray) -> numpy.ndarray:
    """A 64-bit hash of each run of RUN ids."""
    out = numpy.zeros(len(ids) - RUN + 1, dtype=numpy.uint64)
    for i in range(RUN):
        out = out * FACTOR + ids[i : len(ids) - RUN + 1 + i].astype(numpy.uint64) + numpy.uint64(1)
    return out


@torch.inference_mode()
def continuations(model, tokenizer, paragraphs: list[str]) -> list[numpy.ndarray]:
    prompts = []
    for paragraph in paragraphs:
        ids = tokenizer(paragraph)["input_ids"][: PROMPT_TOKENS + 1]
        if len(ids) == PROMPT_TOKENS + 1:
            prompts.append(ids)
    chosen = torch.tensor(prompts[:: len(prompts) // COUNT][:COUNT], device=model.device)
    out = []
    for rows in chosen.split(ROWS):
        made = model.generate(
            input_ids=rows,
            attention_mask=torch.ones_like(rows),
            max_new_tokens=TOKENS,
            do_sample=True,
            pad_token_id=1,
        )
        out += [row[rows.shape[1] :].cpu().numpy() for row in made]
    return out


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument(
        "--data", type=pathlib.Path, required=True, help="the folder that tokenizer.py wrote"
    )
    arguments = parser.parse_args()
    torch.manual_seed(1)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = (
        AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32).to(device).eval()
    )
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    paragraphs = (arguments.data / "validation.txt").read_text(encoding="utf-8").split("\n\n")
    made = continuations(model, tokenizer, paragraphs)
    for ids in made[:: COUNT // 4]:
        print(tokenizer.decode(ids), end="\n----\n")

    per_row = [hashes(ids) if len(ids) >= RUN else numpy.empty(0, numpy.uint64) for ids in made]
    wanted = numpy.unique(numpy.concatenate(per_row))
    training = numpy.fromfile(arguments.data / "train.bin", dtype="<u2")
    found = set()
    for first in range(0, len(training) - RUN, 1 << 22):
        part = hashes(training[first : first + (1 << 22) + RUN - 1])
        found.update(
            part[
                wanted[numpy.searchsorted(wanted, part).clip(max=len(wanted) - 1)] == part
            ].tolist()
        )
    repeating = sum(any(value in found for value in row.tolist()) for row in per_row)
    print(json.dumps({"continuations": len(made), "holding_20_training_tokens": repeating}))


if __name__ == "__main__":
    main()
