"""Compares greedy continuations of Driftwood with those of `transformers`.

    python agree.py --model models/default --text DIR/validation.txt \\
                    --driftwood build/release/driftwood

50 prompts from all over the text, 200 tokens each; bf16 weights and f32 arithmetic in both. At each
step the log-probabilities of the 20 tokens that Driftwood finds best are compared. Where the two
best logits are closer than 1e-3, either is right, and the comparison of that prompt ends. Exits
with 1 if a log-probability is off by more than 1e-3, or a token differs without such a tie.
"""

import argparse
import json
import pathlib
import subprocess
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

PROMPTS, TOKENS, PROMPT_BYTES, TOLERANCE = 50, 200, 160, 1e-3


def prompts(tokenizer, text: str) -> list[list[int]]:
    begins = [len(text) * i // PROMPTS for i in range(PROMPTS)]
    return [tokenizer(text[begin : begin + PROMPT_BYTES])["input_ids"] for begin in begins]


def by_driftwood(arguments, ids: list[int]) -> list[dict]:
    command = [arguments.driftwood, "run", "--model", arguments.model, "--kv-dtype", "f32"]
    command += ["--prompt-ids", ",".join(map(str, ids)), "--max-tokens", str(TOKENS)]
    command += ["--temperature", "0", "--repetition-penalty", "1", "--ignore-eos"]
    command += ["--json", "--top-logprobs", "20"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    tokens = [json.loads(line) for line in lines[:-1]]
    if len(tokens) != TOKENS:
        sys.exit(f"Driftwood gives {len(tokens)} tokens instead of {TOKENS}.")
    return tokens


@torch.inference_mode()
def compare(model, ids: list[int], tokens: list[dict]) -> tuple[int, bool, float]:
    """Tokens compared, whether a tie ended it, and the largest difference."""
    cache, fed, largest = None, ids, 0.0
    for count, token in enumerate(tokens):
        out = model(torch.tensor([fed]), past_key_values=cache, use_cache=True)
        cache = out.past_key_values
        logprobs = torch.log_softmax(out.logits[0, -1].double(), -1)
        for entry in token["top_logprobs"]:
            largest = max(largest, abs(entry["logprob"] - logprobs[entry["id"]].item()))
        best = logprobs.topk(2).values
        if best[0] - best[1] < TOLERANCE:
            return count, True, largest
        if logprobs.argmax().item() != token["id"]:
            sys.exit(f"Token {count} differs: {token['id']} against {logprobs.argmax().item()}.")
        fed = [token["id"]]
    return len(tokens), False, largest


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--text", type=pathlib.Path, required=True)
    parser.add_argument("--driftwood", type=pathlib.Path, required=True)
    arguments = parser.parse_args()

    model = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    compared, ties, largest = 0, 0, 0.0
    for ids in prompts(tokenizer, arguments.text.read_text()):
        count, tie, difference = compare(model, ids, by_driftwood(arguments, ids))
        compared, ties, largest = compared + count, ties + tie, max(largest, difference)
    result = {"prompts": PROMPTS, "tokens": compared, "ended_by_ties": ties}
    print(json.dumps(result | {"largest_difference": largest}))
    sys.exit(1 if largest > TOLERANCE else 0)


if __name__ == "__main__":
    main()
