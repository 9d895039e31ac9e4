"""Makes the tiny random Llama checkpoints in tests/goldens and what transformers makes of them.

    python3 -m venv /tmp/goldens
    /tmp/goldens/bin/pip install torch==2.9.1 transformers==5.23.0 safetensors==0.8.0 numpy==2.4.6
    /tmp/goldens/bin/python tools/make_llama_goldens.py tests/goldens

Everything follows from fixed seeds. Weights are drawn wide (initializer_range 0.2), so that logits
spread and a fault in the architecture cannot hide below the tolerance; the script ends with an
error if leaving out the scaling of RoPE would not show. Logits are computed in f32 on the CPU with
plain attention; for a bf16 checkpoint the weights are converted to f32 first.
"""

import copy
import json
import pathlib
import sys

import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

PROMPT_LENGTHS = (1, 7, 33, 140)  # the last one is longer than the context before RoPE was scaled
GREEDY_IDS = 20
# A wrong model must miss the logits by far more than the tests allow.
TOLERANCE = 1e-3
LEAST_EFFECT = 100 * TOLERANCE
# The winner of each greedy step must not hang on rounding.
LEAST_LEAD = 10 * TOLERANCE
MOST_DRAWS = 100

SHARED = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 72,
    "num_attention_heads": 4,
    "head_dim": 16,
    "hidden_act": "silu",
    "attention_bias": False,
    "mlp_bias": False,
    "initializer_range": 0.2,
    "max_position_embeddings": 256,
    "bos_token_id": 1,
    "eos_token_id": 2,
}

FAMILIES = {
    "llama2": {
        "seed": 2,
        "config": SHARED
        | {
            "vocab_size": 160,
            "num_hidden_layers": 2,
            "num_key_value_heads": 4,
            "rms_norm_eps": 1e-5,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
            "tie_word_embeddings": False,
        },
    },
    "llama32": {
        "seed": 32,
        "config": SHARED
        | {
            "vocab_size": 272,
            "num_hidden_layers": 2,
            "num_key_value_heads": 2,
            "rms_norm_eps": 1e-6,
            "rope_parameters": {
                "rope_type": "llama3",
                "rope_theta": 500000.0,
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 64,
            },
            "tie_word_embeddings": True,
        },
    },
}

# Each family in both spellings of config.json: the keys before transformers 5, and since.
CHECKPOINTS = (
    ("llama2-f32", "llama2", torch.float32, "older keys"),
    ("llama2-bf16", "llama2", torch.bfloat16, "newer keys"),
    ("llama32-f32", "llama32", torch.float32, "newer keys"),
    ("llama32-bf16", "llama32", torch.bfloat16, "older keys"),
)


def with_older_keys(config):
    scaling = dict(config["rope_parameters"])
    older = {k: v for k, v in config.items() if k not in ("rope_parameters", "dtype")}
    older["rope_theta"] = scaling.pop("rope_theta")
    older["rope_scaling"] = None if scaling["rope_type"] == "default" else scaling
    older["torch_dtype"] = config["dtype"]
    return older


def build(config):
    """A model in f32 with the settings of a config.json."""
    # A copy, because LlamaConfig writes into the dictionaries that it is given.
    settings = copy.deepcopy({k: v for k, v in config.items() if k not in ("dtype", "torch_dtype")})
    model = LlamaForCausalLM(LlamaConfig(**settings, attn_implementation="eager"))
    return model.float().eval()


def random_weights(model, seed):
    """Weights by checkpoint name: wide normals, norms around 1."""
    generator = torch.Generator().manual_seed(seed)
    spread = model.config.initializer_range
    weights = {}
    for name, value in sorted(model.state_dict().items()):
        if name == "lm_head.weight" and model.config.tie_word_embeddings:
            continue
        noise = torch.randn(value.shape, generator=generator) * spread
        weights[name] = noise + 1.0 if name.endswith("norm.weight") else noise
    return weights


def load(config, weights):
    model = build(config)
    missing = model.load_state_dict({k: v.float() for k, v in weights.items()}, strict=False)
    expected = ["lm_head.weight"] if config["tie_word_embeddings"] else []
    assert missing.missing_keys == expected and not missing.unexpected_keys, missing
    model.tie_weights()
    return model


def logits_of(model, ids):
    with torch.no_grad():
        return model(torch.tensor([ids]), use_cache=False).logits[0]


def greedy_after(model, ids):
    """The next GREEDY_IDS ids, each computed anew from all before it, and a winner's least lead."""
    sequence, least_lead = list(ids), float("inf")
    for _ in range(GREEDY_IDS):
        best = logits_of(model, sequence)[-1].topk(2)
        least_lead = min(least_lead, (best.values[0] - best.values[1]).item())
        sequence.append(best.indices[0].item())
    return sequence[len(ids) :], least_lead


def random_prompt(length, vocab_size, generator):
    return torch.randint(3, vocab_size, (length,), generator=generator).tolist()


def case_of(model, length, generator):
    """The first random prompt of this length after which no greedy choice is too close to call."""
    for _ in range(MOST_DRAWS):
        ids = random_prompt(length, model.config.vocab_size, generator)
        greedy, lead = greedy_after(model, ids)
        if lead > LEAST_LEAD:
            return {"ids": ids, "greedy": greedy}
    raise SystemExit(f"No prompt of {length} ids has a clear greedy continuation.")


def check_that_scaling_shows(config, weights, ids, logits):
    theta = config["rope_parameters"]["rope_theta"]
    plain = config | {"rope_parameters": {"rope_type": "default", "rope_theta": theta}}
    effect = (logits_of(load(plain, weights), ids) - logits).abs().max().item()
    print(f"  without scaled RoPE logits differ by up to {effect:.3g}")
    assert effect > LEAST_EFFECT


def write_checkpoint(folder, family, dtype, keys):
    seed = family["seed"]
    config = family["config"] | {"dtype": str(dtype).removeprefix("torch.")}
    weights = {k: v.to(dtype) for k, v in random_weights(build(config), seed).items()}
    written = with_older_keys(config) if keys == "older keys" else config
    model = load(written, weights)

    generator = torch.Generator().manual_seed(1000 + seed)
    cases = [case_of(model, length, generator) for length in PROMPT_LENGTHS]
    golden = {f"logits.{i}": logits_of(model, case["ids"]) for i, case in enumerate(cases)}
    longest = golden[f"logits.{len(cases) - 1}"]
    print(f"  logits spread {longest.std():.3g}, up to {longest.abs().max():.3g}")
    if config["rope_parameters"]["rope_type"] != "default":
        check_that_scaling_shows(config, weights, cases[-1]["ids"], longest)

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(written, indent=2, sort_keys=True) + "\n")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    save_file(golden, folder / "golden.safetensors")
    (folder / "golden.json").write_text(json.dumps({"cases": cases}, separators=(",", ":")) + "\n")
    for name in ("model.safetensors", "golden.safetensors"):
        (folder / name).chmod(0o644)


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    root = pathlib.Path(sys.argv[1])
    for name, family, dtype, keys in CHECKPOINTS:
        print(f"{name}, {keys}")
        write_checkpoint(root / name, FAMILIES[family], dtype, keys)


if __name__ == "__main__":
    main()
