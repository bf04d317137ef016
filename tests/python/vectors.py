"""Holds the reference client's transform against proto/vectors/transform.json, and its two directions together."""
import json
import random

import stubs

stubs.load()
from optimistic import apply, carry, compose, invert  # noqa: E402

SEED = 7
ENCODINGS = {"code_point": ("utf-32-le", 4), "utf16": ("utf-16-le", 2), "utf8": ("utf-8", 1)}


def in_code_points(changes, text, unit):
    encoding, width = ENCODINGS[unit]
    whole = text.encode(encoding)

    def index(offset):
        return len(whole[: offset * width].decode(encoding))

    edit = []
    for change in changes:
        start, delete = change.get("offset", 0), change.get("delete", 0)
        offset = index(start)
        edit.append((offset, index(start + delete) - offset, change.get("insert", "")))
    return edit


def after_both(text, s, x):
    return apply(apply(text, s), carry(x, s))


def check_vectors():
    cases = json.loads((stubs.ROOT / "proto" / "vectors" / "transform.json").read_text(encoding="utf-8"))
    assert cases, "there are no vectors"
    for case in cases:
        s, x = (in_code_points(case[name], case["text"], case["unit"]) for name in ("s", "x"))
        got = after_both(case["text"], s, x)
        assert got == case["after"], f"{case['name']}: {got!r}, not {case['after']!r}"
    return len(cases)


def random_edit(rng, length):
    places = sorted(rng.sample(range(length + 1), min(length + 1, 2 * rng.randint(0, 3))))
    pairs = zip(places[::2], places[1::2])
    return [(start, rng.choice([0, end - start]), "".join(rng.choices("ab\n\U0001f600", k=rng.randint(0, 2)))) for start, end in pairs]


def check_laws(rounds):
    rng = random.Random(SEED)
    for number in range(rounds):
        text = "".join(rng.choices("xyz\U0001f642", k=rng.randint(0, 12)))
        s, x = random_edit(rng, len(text)), random_edit(rng, len(text))
        told = f"seed {SEED}, round {number}: {text!r} {s} {x}"
        both = after_both(text, s, x)
        assert both == apply(apply(text, x), carry(s, x, left=True)), f"two ways differ: {told}"
        y = random_edit(rng, len(apply(text, s)))
        assert apply(apply(text, s), y) == apply(text, compose(s, y)), f"compose: {told} {y}"
        s = compose(s, [])
        assert apply(apply(text, s), invert(s, text)) == text, f"invert: {told}"


if __name__ == "__main__":
    print(f"{check_vectors()} vectors hold")
    check_laws(5000)
    print("the laws hold")
