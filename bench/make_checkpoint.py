#!/usr/bin/env python3
"""Writes a random checkpoint of the Llama family in bf16, for measuring: its tokens mean nothing,
but its sizes are those of real models. Needs the standard library alone.

    make_checkpoint.py llama-1b FOLDER            16 layers of 2048, tied head: 2.5 GB
    make_checkpoint.py llama-1b FOLDER --untied   the same with a head of its own: 3.0 GB
    make_checkpoint.py llama-100m FOLDER          100 million parameters: 0.2 GB

Both have a vocabulary of 128,256. The head of llama-100m is scaled so that the 256 best logits hold
97 % of the probability, as they do in trained models. There is no tokenizer, so prompts are ids.
"""

import argparse
import array
import json
import math
import pathlib
import random
import struct

VOCABULARY = 128256
BEST = 256
MASS_OF_BEST = 0.97
POOL_VALUES = 1 << 22
SHAPES = {
    "llama-1b": dict(hidden=2048, layers=16, heads=32, key_heads=8, wide=8192, tied=True),
    "llama-100m": dict(hidden=256, layers=20, heads=4, key_heads=2, wide=2048, tied=False),
}
HEAD_DIM = 64


def bf16(value):
    """The bits of a number, rounded to nearest, ties to even."""
    bits = struct.unpack("<I", struct.pack("<f", value))[0]
    return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16


class Pool:
    """Normal numbers to take rows from; rows begin anywhere in it, so that few are alike."""

    def __init__(self, numbers, deviation):
        values = array.array("H", (bf16(deviation * number) for number in numbers))
        self.bytes = values.tobytes()

    def row(self, generator, columns):
        at = 2 * generator.randrange(POOL_VALUES - columns)
        return self.bytes[at : at + 2 * columns]


def mass_of_best(logits, deviation):
    """The share of the probability that the largest of sorted standard logits hold together."""
    weights = [math.exp(deviation * (logit - logits[0])) for logit in logits]
    return math.fsum(weights[:BEST]) / math.fsum(weights)


def deviation_for_mass(generator):
    """How far logits have to spread for the best to hold MASS_OF_BEST of the probability."""
    logits = sorted((generator.gauss(0, 1) for _ in range(VOCABULARY)), reverse=True)
    low, high = 0.0, 20.0
    for _ in range(20):
        middle = (low + high) / 2
        if mass_of_best(logits, middle) < MASS_OF_BEST:
            low = middle
        else:
            high = middle
    return high


def tensors_of(shape, head_deviation):
    """(name, rows, columns, deviation) of each tensor; no deviation: all ones."""
    hidden, wide = shape["hidden"], shape["wide"]
    queries, keys = shape["heads"] * HEAD_DIM, shape["key_heads"] * HEAD_DIM
    matrices = {
        "self_attn.q_proj": (queries, hidden),
        "self_attn.k_proj": (keys, hidden),
        "self_attn.v_proj": (keys, hidden),
        "self_attn.o_proj": (hidden, queries),
        "mlp.gate_proj": (wide, hidden),
        "mlp.up_proj": (wide, hidden),
        "mlp.down_proj": (hidden, wide),
    }
    head = head_deviation / math.sqrt(hidden)
    yield "model.embed_tokens.weight", VOCABULARY, hidden, head if shape["tied"] else 1.0
    for layer in range(shape["layers"]):
        prefix = f"model.layers.{layer}."
        for name, (rows, columns) in matrices.items():
            yield f"{prefix}{name}.weight", rows, columns, 1 / math.sqrt(columns)
        yield f"{prefix}input_layernorm.weight", 1, hidden, None
        yield f"{prefix}post_attention_layernorm.weight", 1, hidden, None
    yield "model.norm.weight", 1, hidden, None
    if not shape["tied"]:
        yield "lm_head.weight", VOCABULARY, hidden, head


def config_of(shape):
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "hidden_size": shape["hidden"],
        "intermediate_size": shape["wide"],
        "num_hidden_layers": shape["layers"],
        "num_attention_heads": shape["heads"],
        "num_key_value_heads": shape["key_heads"],
        "head_dim": HEAD_DIM,
        "vocab_size": VOCABULARY,
        "max_position_embeddings": 8192,
        "rms_norm_eps": 1e-5,
        "rope_theta": 500000.0,
        "tie_word_embeddings": shape["tied"],
    }


def header_of(tensors):
    """The header of the safetensors file, padded so that the data begins on 64 bytes."""
    entries, at = {}, 0
    for name, rows, columns, deviation in tensors:
        shape = [columns] if deviation is None else [rows, columns]
        end = at + 2 * rows * columns
        entries[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, end]}
        at = end
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-(len(text) + 8) % 64)
    return struct.pack("<Q", len(text)) + text


def write_tensors(file, tensors, generator):
    numbers = [generator.gauss(0, 1) for _ in range(POOL_VALUES)]
    pools = {}
    for _, rows, columns, deviation in tensors:
        if deviation is None:
            file.write(struct.pack("<H", bf16(1)) * columns)
            continue
        if deviation not in pools:
            pools[deviation] = Pool(numbers, deviation)
        for _ in range(rows):
            file.write(pools[deviation].row(generator, columns))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--untied", action="store_true", help="a head of its own")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()

    shape = dict(SHAPES[arguments.shape])
    shape["tied"] = shape["tied"] and not arguments.untied
    generator = random.Random(arguments.seed)
    tensors = list(tensors_of(shape, deviation_for_mass(generator)))
    arguments.folder.mkdir(parents=True, exist_ok=True)
    (arguments.folder / "config.json").write_text(json.dumps(config_of(shape), indent=1) + "\n")
    with open(arguments.folder / "model.safetensors", "wb") as file:
        file.write(header_of(tensors))
        write_tensors(file, tensors, generator)
    parameters = sum(rows * columns for _, rows, columns, _ in tensors)
    print(f"{arguments.folder}: {parameters:,} parameters, {2 * parameters:,} bytes of weights")


if __name__ == "__main__":
    main()
