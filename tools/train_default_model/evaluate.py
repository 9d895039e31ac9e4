"""Bits per byte of a model in Hugging Face layout on a text, by `transformers` in f32 from the
stored weights.

    python evaluate.py --model models/default --text DIR/validation.txt

Protocol: the text is encoded as one sequence after the token that begins a text; windows of the
model's context move by half of it, and each scores the tokens that no window before it scored, so
every token is scored once.
"""

import argparse
import json
import math
import pathlib

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


@torch.inference_mode()
def score(model, ids: torch.Tensor, context: int, rows: int) -> float:
    """Sum of the negative log-likelihoods, in nats, of all ids but the first."""
    half = context // 2
    total = 0.0
    begins = list(range(0, max(1, len(ids) - half), half))
    full = [begin for begin in begins if begin + context <= len(ids)]
    groups = [full[i : i + rows] for i in range(0, len(full), rows)]
    groups += [[begin] for begin in begins if begin + context > len(ids)]
    for group in groups:
        window = torch.stack([ids[begin : begin + context] for begin in group])
        logits = model(window).logits[:, :-1].float()
        nats = torch.nn.functional.cross_entropy(
            logits.transpose(1, 2), window[:, 1:], reduction="none"
        )
        for begin, row in zip(group, nats):
            total += row[0 if begin == 0 else half - 1 :].sum(dtype=torch.float64).item()
    return total


@torch.inference_mode()
def continuation(model, tokenizer, prompt: str, tokens: int) -> str:
    inputs = tokenizer(prompt, return_tensors="pt").to(model.device)
    out = model.generate(input_ids=inputs["input_ids"], max_new_tokens=tokens, do_sample=False)
    return tokenizer.decode(out[0], skip_special_tokens=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--text", type=pathlib.Path, required=True)
    parser.add_argument("--context", type=int, help="by default the model's")
    parser.add_argument("--rows", type=int, default=16, help="windows at a time")
    parser.add_argument("--bytes", type=int, help="score only the first so many bytes of the text")
    parser.add_argument(
        "--prompt", action="append", default=[], help="also print a greedy continuation of it"
    )
    arguments = parser.parse_args()

    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = (
        AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32).to(device).eval()
    )
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    for prompt in arguments.prompt:
        print(continuation(model, tokenizer, prompt, 100), end="\n----\n")
    data = arguments.text.read_bytes()[: arguments.bytes]
    text = data.decode("utf-8", errors="ignore")
    ids = torch.tensor(tokenizer(text, verbose=False)["input_ids"], device=device)
    context = arguments.context or model.config.max_position_embeddings
    nats = score(model, ids, context, arguments.rows)
    byte_count = len(text.encode())
    result = {
        "architecture": type(model).__name__,
        "parameters": model.num_parameters(),
        "context": context,
        "bytes": byte_count,
        "tokens": len(ids) - 1,
        "negative_log_likelihood_nats": round(nats, 3),
        "bits_per_byte": round(nats / math.log(2) / byte_count, 5),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
