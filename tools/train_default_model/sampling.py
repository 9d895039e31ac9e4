"""Compares sampling settings by how much their texts repeat themselves, and how probable they are.

    python sampling.py --model models/default --text DIR/validation.txt

500 continuations of 200 tokens, each after the first 16 tokens of another paragraph. `repeated` is
the share of runs of 4 tokens that stood in the same continuation before; `nats` is what the model
itself gives a token, without any adjustment. The first row is the books' own text.
"""

import argparse
import json
import pathlib

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

COUNT, TOKENS, PROMPT_TOKENS, RUN = 500, 200, 16, 4
SETTINGS = [
    dict(temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p, repetition_penalty=penalty)
    for temperature, top_k, top_p, min_p, penalty in [
        (0.8, 50, 0.95, 0.0, 1.0),
        (1.0, 0, 1.0, 0.0, 1.0),
        (0.9, 50, 0.95, 0.0, 1.0),
        (1.0, 50, 0.95, 0.0, 1.0),
        (1.0, 0, 1.0, 0.05, 1.0),
        (0.8, 50, 0.95, 0.0, 1.05),
        (0.8, 50, 0.95, 0.0, 1.1),
        (0.8, 50, 0.95, 0.0, 1.15),
        (0.9, 50, 0.95, 0.0, 1.1),
        (0.8, 0, 1.0, 0.05, 1.1),
    ]
]


def repeated(ids: list[int]) -> float:
    runs = [tuple(ids[i : i + RUN]) for i in range(len(ids) - RUN + 1)]
    return 1 - len(set(runs)) / len(runs)


@torch.inference_mode()
def figures(model, texts: torch.Tensor) -> dict:
    nats = []
    for rows in texts.split(50):
        logits = model(rows).logits[:, PROMPT_TOKENS - 1 : -1].float()
        nats.append(
            torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), rows[:, PROMPT_TOKENS:].flatten()
            )
        )
    share = sum(repeated(row[PROMPT_TOKENS:].tolist()) for row in texts) / len(texts)
    return {"repeated": round(share, 4), "nats": round(torch.stack(nats).mean().item(), 3)}


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--text", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    torch.manual_seed(1)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = (
        AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32).to(device).eval()
    )
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    text = arguments.text.read_text()
    begins = [match + 2 for match in range(len(text)) if text.startswith("\n\n", match)]
    chosen = begins[:: len(begins) // COUNT][:COUNT]
    whole = PROMPT_TOKENS + TOKENS
    books = [tokenizer(text[begin : begin + 3000])["input_ids"][:whole] for begin in chosen]
    books = torch.tensor([ids for ids in books if len(ids) == whole], device=device)
    print(json.dumps({"text": "the books"} | figures(model, books)), flush=True)
    for settings in SETTINGS:
        made = []
        for rows in books[:, :PROMPT_TOKENS].split(100):
            made.append(
                model.generate(
                    input_ids=rows,
                    attention_mask=torch.ones_like(rows),
                    max_new_tokens=TOKENS,
                    min_new_tokens=TOKENS,
                    do_sample=True,
                    pad_token_id=1,
                    **settings,
                )
            )
        print(json.dumps(settings | figures(model, torch.cat(made))), flush=True)


if __name__ == "__main__":
    main()
