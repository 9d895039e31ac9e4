"""Writes the trained model in the layout of Hugging Face, in bf16.

python export.py --model DIR/model.pt --tokenizer DIR/tokenizer.json --out models/default
"""

import argparse
import json
import pathlib
import shutil

import torch
from safetensors.torch import save_file
from torch import Tensor

from model import Shape
from tokenizer import BEGIN, END

BEGIN_ID, END_ID = 0, 1
MOST_WEIGHT_BYTES = 24_000_000
MOST_KV_BYTES_PER_TOKEN = 4096


def weights(state: dict[str, Tensor], shape: Shape) -> dict[str, Tensor]:
    out = {
        "model.embed_tokens.weight": state["embedding"],
        "model.norm.weight": state["final_gain"],
    }
    for layer in range(shape.layers):
        prefix = f"model.layers.{layer}."
        out[prefix + "input_layernorm.weight"] = state["attention_gain"][layer]
        out[prefix + "post_attention_layernorm.weight"] = state["ffn_gain"][layer]
        out[prefix + "self_attn.q_proj.weight"] = state["square"][layer, 0]
        out[prefix + "self_attn.k_proj.weight"] = state["kv"][layer, 0]
        out[prefix + "self_attn.v_proj.weight"] = state["kv"][layer, 1]
        out[prefix + "self_attn.o_proj.weight"] = state["square"][layer, 1]
        out[prefix + "mlp.gate_proj.weight"] = state["ffn"][layer, 0]
        out[prefix + "mlp.up_proj.weight"] = state["ffn"][layer, 1]
        out[prefix + "mlp.down_proj.weight"] = state["ffn"][layer, 2].T
    return {name: value.to(torch.bfloat16).contiguous().clone() for name, value in out.items()}


def config(shape: Shape, context: int) -> dict:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": shape.vocabulary,
        "hidden_size": shape.hidden,
        "intermediate_size": shape.feed_forward,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_dim,
        "hidden_act": "silu",
        "max_position_embeddings": context,
        "rms_norm_eps": shape.norm_epsilon,
        "rope_theta": shape.rope_theta,
        "rope_scaling": None,
        "attention_bias": False,
        "attention_dropout": 0.0,
        "mlp_bias": False,
        "tie_word_embeddings": True,
        "initializer_range": 0.02,
        "bos_token_id": BEGIN_ID,
        "eos_token_id": END_ID,
        "torch_dtype": "bfloat16",
        "use_cache": True,
    }


GENERATION = {
    "bos_token_id": BEGIN_ID,
    "eos_token_id": END_ID,
    "do_sample": True,
    "temperature": 0.8,
    "top_k": 50,
    "top_p": 0.95,
    "repetition_penalty": 1.05,
    "max_new_tokens": 200,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=pathlib.Path, required=True, help="what train.py wrote")
    parser.add_argument("--tokenizer", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    trained = torch.load(arguments.model, map_location="cpu", weights_only=True)
    shape, context = Shape(**trained["shape"]), trained["context"]
    if shape.kv_bytes_per_token > MOST_KV_BYTES_PER_TOKEN:
        raise SystemExit(
            f"The KV cache takes {shape.kv_bytes_per_token} bytes a token, "
            f"over {MOST_KV_BYTES_PER_TOKEN}."
        )

    arguments.out.mkdir(parents=True, exist_ok=True)
    save_file(
        weights(trained["state"], shape),
        arguments.out / "model.safetensors",
        metadata={"format": "pt"},
    )
    tokenizer_config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": BEGIN,
        "eos_token": END,
        "model_max_length": context,
        "clean_up_tokenization_spaces": False,
    }
    for name, value in (
        ("config.json", config(shape, context)),
        ("generation_config.json", GENERATION),
        ("tokenizer_config.json", tokenizer_config),
    ):
        (arguments.out / name).write_text(json.dumps(value, indent=2) + "\n")
    shutil.copyfile(arguments.tokenizer, arguments.out / "tokenizer.json")
    size_bytes = (arguments.out / "model.safetensors").stat().st_size
    if size_bytes > MOST_WEIGHT_BYTES:
        raise SystemExit(f"The weights take {size_bytes} bytes, over {MOST_WEIGHT_BYTES}.")
    print(
        f"{arguments.out}: {size_bytes} bytes of weights, "
        f"{shape.kv_bytes_per_token} bytes of KV a token"
    )


if __name__ == "__main__":
    main()
