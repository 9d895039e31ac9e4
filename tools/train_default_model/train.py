"""Trains the model on one GPU.

    python train.py --data DIR --out DIR/model.pt

DIR holds what tokenizer.py wrote. The defaults are those of the last full run in README.md. Prints
a line for each validation and writes them to OUT with the suffix .jsonl.
"""

import argparse
import dataclasses
import json
import pathlib
import time

import numpy
import torch

from model import Model, Shape
from muon import Muon

BEGIN_ID = 0
# One window in so many begins with the token that begins a text, and at the start of a paragraph,
# because that is what a prompt looks like; the others are cut anywhere.
WINDOWS_PER_BEGIN = 8


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    for field in dataclasses.fields(Shape):
        parser.add_argument(
            "--" + field.name.replace("_", "-"), type=field.type, default=field.default
        )
    parser.add_argument(
        "--context", type=int, default=2048, help="tokens a context, at the end of training"
    )
    parser.add_argument(
        "--first-context", type=int, default=512, help="tokens a context before that"
    )
    parser.add_argument(
        "--first-part", type=float, default=0.6, help="share of training with the first context"
    )
    parser.add_argument("--epochs", type=float, default=15)
    parser.add_argument("--batch", type=int, default=49152, help="tokens a step")
    parser.add_argument(
        "--optimizer", choices=("muon", "adamw"), default="muon", help="for the matrices"
    )
    parser.add_argument("--lr", type=float, default=5e-3, help="of the matrices")
    parser.add_argument(
        "--lr-adam", type=float, default=8e-3, help="of the embedding and the norms"
    )
    parser.add_argument("--weight-decay", type=float, default=0.3, help="of the matrices")
    parser.add_argument("--warmup", type=int, default=200, help="steps")
    parser.add_argument(
        "--decay-part", type=float, default=0.8, help="share of training with a falling rate"
    )
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--validations", type=int, default=20)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--no-compile", action="store_true")
    return parser.parse_args()


class Batches:
    """Each epoch cuts the text into windows at a new offset and deals them in a new order."""

    def __init__(self, ids: torch.Tensor, paragraph_ends: torch.Tensor, seed: int):
        self.ids = ids
        positions = torch.arange(len(ids), device=ids.device)
        # next_paragraph[i]: where the first paragraph at or after i starts.
        starts = torch.where(paragraph_ends[ids.long()].roll(1), positions, len(ids))
        self.next_paragraph = starts.flip(0).cummin(0).values.flip(0).to(torch.int32)
        self.random = torch.Generator(ids.device).manual_seed(seed)
        self.starts = torch.empty(0, dtype=torch.long, device=ids.device)
        self.context = 0

    def next(self, tokens: int, context: int) -> tuple[torch.Tensor, torch.Tensor]:
        count = tokens // context
        if context != self.context:
            self.starts, self.context = self.starts[:0], context
        while len(self.starts) < count:
            self.starts = torch.cat((self.starts, self.deal(context)))
        starts, self.starts = self.starts[:count], self.starts[count:]
        begins = torch.arange(count, device=starts.device) % WINDOWS_PER_BEGIN == 0
        limit = len(self.ids) - context - 1
        starts = torch.where(begins, self.next_paragraph[starts].clamp(max=limit) - 1, starts)
        windows = self.ids[starts[:, None] + torch.arange(context + 1, device=starts.device)].long()
        windows[:, 0] = torch.where(begins, BEGIN_ID, windows[:, 0])
        return windows[:, :-1].flatten(), windows[:, 1:].flatten()

    def deal(self, context: int) -> torch.Tensor:
        device, random = self.ids.device, self.random
        offset = torch.randint(context, (1,), generator=random, device=device)
        count = (len(self.ids) - 1 - context) // context
        return offset + context * torch.randperm(count, generator=random, device=device)


@torch.no_grad()
def validate(
    model: Model, ids: torch.Tensor, byte_count: int, context: int, batch: int, keep
) -> float:
    """Bits per byte; every token is scored once, each window adding its second half."""
    half = context // 2
    losses = torch.zeros((), dtype=torch.float64, device=ids.device)
    starts = torch.arange(0, len(ids) - 1, half, device=ids.device)
    padded = torch.cat(
        (ids.long(), torch.zeros(batch + context, dtype=torch.long, device=ids.device))
    )
    rows = batch // context
    for first in range(0, len(starts), rows):
        # The batch is filled up, so that its shape is the compiled one; what lies past the end
        # scores nothing.
        begin = (torch.arange(first, first + rows, device=ids.device) * half)[:, None]
        position = begin + torch.arange(context + 1, device=ids.device)
        window = padded[position.clamp(max=len(padded) - 1)]
        with torch.enable_grad():
            nats = model(window[:, :-1].flatten(), window[:, 1:].flatten(), context, keep).detach()
        target = position[:, 1:]
        scored = (target < len(ids)) & ((target - begin > half) | (begin == 0))
        losses += (nats.view(rows, context) * scored).sum(dtype=torch.float64)
    return losses.item() / numpy.log(2) / byte_count


def optimizers(model: Model, arguments: argparse.Namespace) -> list[torch.optim.Optimizer]:
    matrices = model.matrices()
    others = [p for p in model.parameters() if all(p is not m for m in matrices)]
    fused = arguments.device == "cuda"
    adam = torch.optim.AdamW(
        others, lr=arguments.lr_adam, betas=(0.9, 0.98), weight_decay=0.0, fused=fused
    )
    if arguments.optimizer == "muon":
        return [adam, Muon(matrices, lr=arguments.lr, weight_decay=arguments.weight_decay)]
    decayed = torch.optim.AdamW(
        matrices,
        lr=arguments.lr,
        betas=(0.9, 0.95),
        weight_decay=arguments.weight_decay,
        fused=fused,
    )
    return [adam, decayed]


def main() -> None:
    arguments = parse()
    started = time.time()
    torch.manual_seed(arguments.seed)
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
    # cuDNN's attention took 0.66 ms where FlashAttention 2 took 1.06 (forward and backward, 65,536
    # tokens, H200).
    torch.backends.cuda.enable_flash_sdp(False)
    torch.backends.cuda.enable_mem_efficient_sdp(False)
    device = arguments.device
    shape = Shape(**{f.name: getattr(arguments, f.name) for f in dataclasses.fields(Shape)})
    model = Model(shape).to(device)
    parameter_count = sum(p.numel() for p in model.parameters())
    if not arguments.no_compile:
        model.compile()

    def load(name: str) -> torch.Tensor:
        return torch.from_numpy(
            numpy.fromfile(arguments.data / f"{name}.bin", dtype="<u2").astype("i4")
        ).to(device)

    train_ids, validation_ids = (
        load("train"),
        load("validation")[:-1],
    )  # without the end of the text
    validation_bytes = (arguments.data / "validation.txt").stat().st_size
    vocabulary = json.loads((arguments.data / "tokenizer.json").read_text())["model"]["vocab"]
    paragraph_ends = torch.zeros(shape.vocabulary, dtype=torch.bool)
    paragraph_ends[
        [i for token, i in vocabulary.items() if token.endswith("ĊĊ") and i < shape.vocabulary]
    ] = True
    batches = Batches(train_ids, paragraph_ends.to(device), arguments.seed)

    step_count = int(arguments.epochs * len(train_ids) / arguments.batch)
    keep = torch.tensor(1 - arguments.dropout, device=device) if arguments.dropout else None
    keep_all = torch.tensor(1.0, device=device) if arguments.dropout else None
    rules = optimizers(model, arguments)
    rates = [[group["lr"] for group in rule.param_groups] for rule in rules]
    log = open(arguments.out.with_suffix(".jsonl"), "w")
    validation_steps = {
        round(step_count * (i + 1) / arguments.validations) - 1
        for i in range(arguments.validations)
    }
    loss_sum, loss_count = torch.zeros((), device=device), 0
    training_started = time.time()
    for step in range(step_count):
        done = step / step_count
        context = arguments.first_context if done < arguments.first_part else arguments.context
        factor = min(1.0, (step + 1) / arguments.warmup, (1 - done) / arguments.decay_part)
        for rule, initial in zip(rules, rates):
            for group, rate in zip(rule.param_groups, initial):
                group["lr"] = rate * factor
        inputs, targets = batches.next(arguments.batch, context)
        loss = model(inputs, targets, context, keep).mean()
        loss.backward()
        for rule in rules:
            rule.step()
            rule.zero_grad()
        loss_sum, loss_count = loss_sum + loss.detach(), loss_count + 1
        if step == 10:
            loss_sum.item()
            training_started, first_steps = time.time(), step + 1
        if step in validation_steps:
            train_nats = loss_sum.item() / loss_count
            seconds = time.time() - started
            entry = {
                "step": step + 1,
                "epochs": round((step + 1) * arguments.batch / len(train_ids), 2),
                "context": context,
                "train_nats_per_token": round(train_nats, 4),
                "validation_bits_per_byte": round(
                    validate(
                        model, validation_ids, validation_bytes, context, arguments.batch, keep_all
                    ),
                    4,
                ),
                "seconds": round(seconds, 1),
                "tokens_per_second": round(
                    (step + 1 - first_steps) * arguments.batch / (time.time() - training_started)
                ),
            }
            loss_sum, loss_count = torch.zeros((), device=device), 0
            print(json.dumps(entry), flush=True)
            log.write(json.dumps(entry) + "\n")
            log.flush()

    state = {name: value.detach().cpu() for name, value in model.state_dict().items()}
    torch.save(
        {"shape": dataclasses.asdict(shape), "context": arguments.context, "state": state},
        arguments.out,
    )
    result = {
        "parameters": parameter_count,
        "steps": step_count,
        **entry,
        "arguments": vars(arguments),
    }
    print(json.dumps(result, default=str), flush=True)


if __name__ == "__main__":
    main()
