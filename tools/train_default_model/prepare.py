"""Splits the training text by book into train.jsonl and validation.txt.

    python prepare.py --data train.txt.xz --out DIR

The text is one UTF-8 file (plain or .xz) in which every book begins with a line `# Title: ...`.
Validation is the eight books whose title lines have the smallest SHA-256: a rule that knows nothing
of the books' content and picks the same ones wherever they stand in the file. No byte of them
reaches the tokenizer or the model.

Writes DIR/train.jsonl (one book a line, a JSON string), DIR/validation.txt (the books, one after
another) and DIR/split.json (what was split, with checksums).
"""

import argparse
import hashlib
import json
import lzma
import pathlib
import re

TEXT_SHA256 = (
    "e43bb2dbf8f489864a70cd7c9c6faa43cd86f65e652ecaaae9841689687a9050"  # of the unpacked text
)
BOOK_COUNT = 259
VALIDATION_COUNT = 8


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def title(book: str) -> str:
    return book.split("\n", 1)[0].removeprefix("# Title:").strip()


def split(text: str) -> tuple[list[str], list[str]]:
    """Returns (training books, validation books), each in the order of the file."""
    books = [book for book in re.split(r"(?m)^(?=# Title:)", text) if book]
    if len(books) != BOOK_COUNT:
        raise SystemExit(
            f"The text holds {len(books)} books; the recipe is written for {BOOK_COUNT}."
        )
    by_hash = sorted(books, key=lambda book: sha256(book.split("\n", 1)[0].encode()))
    chosen = set(by_hash[:VALIDATION_COUNT])
    return [book for book in books if book not in chosen], [
        book for book in books if book in chosen
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=pathlib.Path, required=True, help="the text, plain or .xz")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder to write to")
    arguments = parser.parse_args()

    data = arguments.data.read_bytes()
    if arguments.data.suffix == ".xz":
        data = lzma.decompress(data)
    if sha256(data) != TEXT_SHA256:
        raise SystemExit(
            f"The SHA-256 of the text is {sha256(data)}; the recipe is written for {TEXT_SHA256}."
        )
    training, validation = split(data.decode())

    arguments.out.mkdir(parents=True, exist_ok=True)
    with open(arguments.out / "train.jsonl", "w", encoding="utf-8") as file:
        file.writelines(json.dumps(book, ensure_ascii=False) + "\n" for book in training)
    validation_bytes = "".join(validation).encode()
    (arguments.out / "validation.txt").write_bytes(validation_bytes)
    summary = {
        "text_sha256": TEXT_SHA256,
        "training_books": len(training),
        "training_bytes": sum(len(book.encode()) for book in training),
        "validation_bytes": len(validation_bytes),
        "validation_sha256": sha256(validation_bytes),
        "validation_books": [
            {"title": title(book), "bytes": len(book.encode())} for book in validation
        ],
    }
    (arguments.out / "split.json").write_text(json.dumps(summary, indent=2) + "\n")
    print(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main()
