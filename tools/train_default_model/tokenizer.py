"""Trains the byte-level BPE on the training books, and turns the books into token ids.

    python tokenizer.py --data DIR --vocabulary 4096   # trains DIR/tokenizer.json first
    python tokenizer.py --data DIR --tokenizer FILE         # uses FILE instead of training one

Writes DIR/train.bin and DIR/validation.bin: little-endian uint16 ids, each book between the token
that begins a text and the one that ends it. Byte-level: every byte has a token, so any text can be
encoded; there is no unknown.
"""

import argparse
import json
import pathlib
import shutil

import numpy
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    pre_tokenizers,
    processors,
    trainers,
)

BEGIN = "<|begin_of_text|>"  # id 0
END = "<|end_of_text|>"  # id 1
# Contractions; a word or a digit with the space before it; punctuation with the line ends after it,
# since in prose the two go together; line ends; other white space.
PATTERN = (
    r"'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def train(books: list[str], vocabulary: int) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[AddedToken(BEGIN, special=True), AddedToken(END, special=True)],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(books, trainer, length=len(books))
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(
                single=f"{BEGIN} $A",
                pair=f"{BEGIN} $A {BEGIN} $B",
                special_tokens=[(BEGIN, tokenizer.token_to_id(BEGIN))],
            ),
        ]
    )
    return tokenizer


def encode(tokenizer: Tokenizer, books: list[str]) -> numpy.ndarray:
    end = tokenizer.token_to_id(END)
    encodings = tokenizer.encode_batch_fast(books)  # adds the token that begins a text
    return numpy.concatenate([numpy.array(e.ids + [end], dtype="<u2") for e in encodings])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=pathlib.Path, required=True, help="the folder that prepare.py wrote"
    )
    parser.add_argument("--vocabulary", type=int, default=4096)
    parser.add_argument(
        "--tokenizer", type=pathlib.Path, help="a tokenizer.json to use instead of training one"
    )
    parser.add_argument(
        "--out", type=pathlib.Path, help="folder to write to, by default the data's"
    )
    arguments = parser.parse_args()
    out = arguments.out or arguments.data
    out.mkdir(parents=True, exist_ok=True)

    with open(arguments.data / "train.jsonl", encoding="utf-8") as file:
        training = [json.loads(line) for line in file]
    validation = [(arguments.data / "validation.txt").read_text(encoding="utf-8")]
    if arguments.tokenizer:
        if arguments.tokenizer.resolve() != (out / "tokenizer.json").resolve():
            shutil.copyfile(arguments.tokenizer, out / "tokenizer.json")
    else:
        train(training, arguments.vocabulary).save(str(out / "tokenizer.json"))
    tokenizer = Tokenizer.from_file(str(out / "tokenizer.json"))
    for name, books in (("train", training), ("validation", validation)):
        ids = encode(tokenizer, books)
        if (
            name == "train"
            and tokenizer.decode(ids[: len(ids) // 100].tolist())[:1000] != training[0][:1000]
        ):
            raise SystemExit("The tokenizer does not give back the text that it encoded.")
        ids.tofile(out / f"{name}.bin")
        byte_count = sum(len(book.encode()) for book in books)
        print(
            f"{name}: {byte_count} bytes, {len(ids)} tokens, "
            f"{byte_count / len(ids):.3f} bytes a token"
        )


if __name__ == "__main__":
    main()
