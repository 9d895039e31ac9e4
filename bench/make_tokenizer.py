#!/usr/bin/env python3
"""Writes a tokenizer.json of the size of Llama 3's: byte-level BPE with 128,000 tokens in 280,147
merges, and 256 special tokens. It is made for measuring how long loading and encoding take; its
tokens are common words of a text with all their beginnings, so that every merge can be reached, and
the merges are all the ways to put a token together from two others, as in files that were converted
from a list of tokens.

    bench/make_tokenizer.py TEXT... -o tokenizer.json
"""

import argparse
import collections
import json
import lzma
import pathlib
import re

TOKENS = 128_000
MERGES = 280_147
SPECIALS = 256
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def byte_letters():
    """The printable stand-in of each byte in byte-level vocabularies."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in kept]
    letters = {byte: chr(byte) for byte in kept}
    letters |= {byte: chr(256 + index) for index, byte in enumerate(others)}
    return [letters[byte] for byte in range(256)]


def read(path):
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rb") as file:
        return file.read(40_000_000).decode("utf-8", "ignore")


def make_tokens(texts, letters):
    """The bytes, then common words and their beginnings."""
    counts = collections.Counter()
    for text in texts:
        counts.update(re.findall(r" ?[^\W\d_]+", text))
    tokens = dict.fromkeys(letters)
    for word, _ in counts.most_common():
        spelt = "".join(letters[byte] for byte in word.encode())
        for end in range(2, len(spelt) + 1):
            if len(tokens) == TOKENS:
                return list(tokens)
            tokens.setdefault(spelt[:end])
    raise SystemExit(f"the text has words for {len(tokens)} tokens only; {TOKENS} are needed")


def make_merges(tokens):
    """One way for each token, and as many of the others as there is room for."""
    known = set(tokens)
    spare = MERGES - (len(tokens) - 256)
    merges = []
    for token in tokens[256:]:
        ways = [[token[:at], token[at:]] for at in range(len(token) - 1, 0, -1)]
        ways = [way for way in ways if way[0] in known and way[1] in known]
        merges += ways[: 1 + spare]
        spare -= len(ways[: 1 + spare]) - 1
    return merges


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("texts", nargs="+", type=pathlib.Path, metavar="TEXT", help=".txt or .xz")
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True)
    arguments = parser.parse_args()

    letters = byte_letters()
    tokens = make_tokens(map(read, arguments.texts), letters)
    merges = make_merges(tokens)
    names = ["<|begin_of_text|>", "<|end_of_text|>"]
    names += [f"<|reserved_{index}|>" for index in range(SPECIALS - len(names))]
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    split = {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated"}
    begin = {"SpecialToken": {"id": names[0], "type_id": 0}}
    sequence = [{"Sequence": {"id": name, "type_id": number}} for number, name in enumerate("AB")]
    template = {
        "type": "TemplateProcessing",
        "single": [begin, sequence[0]],
        "pair": [begin, sequence[0], begin, sequence[1]],
        "special_tokens": {names[0]: {"id": names[0], "ids": [TOKENS], "tokens": [names[0]]}},
    }
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": TOKENS + index, "content": name, **flags, "special": True}
            for index, name in enumerate(names)
        ],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [split | {"invert": False}, byte_level | {"use_regex": False}],
        },
        "post_processor": template,
        "decoder": byte_level | {"use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": True,
            "vocab": {token: index for index, token in enumerate(tokens)},
            "merges": merges,
        },
    }
    text = json.dumps(tokenizer, ensure_ascii=False, indent=2)
    arguments.output.write_text(text)
    print(f"{len(tokens) + SPECIALS} tokens, {len(merges)} merges, {len(text.encode())} bytes")


if __name__ == "__main__":
    main()
