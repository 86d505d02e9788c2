"""Byte mutator: seeded damage to files of any format, from single bits to whole blocks."""

import random
import re
from collections.abc import Callable, Sequence

NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF,
           0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF)  # fmt: skip
TEXTS = (b"0", b"-1", b"1e999", b"nan", b"99999999999999999999", b"\0", b"\xff\xfe", b"%n%s",
         b"../../x", b"[" * 200, b"\xef\xbb\xbf", b"null", b'"')  # fmt: skip
EDGE = 2048  # bytes at both ends of a file, where formats keep their headers and indexes

Damage = Callable[[random.Random, bytearray, Sequence[bytes]], None]


def mutated(content: bytes, chance: random.Random, others: Sequence[bytes] = ()) -> bytes:
    """Return a damaged copy of a file's content.

    Args:
        content: of the file.
        chance: source of all decisions.
        others: contents of other files, parts of which may be pasted.
    """
    damaged = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5, 10))):
        if damaged:
            chance.choice(DAMAGES)(chance, damaged, others)
    return bytes(damaged)


def _place(chance: random.Random, damaged: bytearray) -> int:
    """Position of a damage: mostly in the headers."""
    size = len(damaged)
    kind = chance.random()
    if kind < 0.4:
        return chance.randrange(min(size, EDGE))
    if kind < 0.6:
        return size - 1 - chance.randrange(min(size, EDGE))
    return chance.randrange(size)


def _span(chance: random.Random, damaged: bytearray) -> slice:
    start = _place(chance, damaged)
    return slice(start, start + 2 ** chance.randrange(1, 12))


def _flip_bits(chance: random.Random, damaged: bytearray, others: Sequence[bytes]) -> None:
    for _ in range(2 ** chance.randrange(6)):
        damaged[_place(chance, damaged)] ^= 1 << chance.randrange(8)


def _set_bytes(chance: random.Random, damaged: bytearray, others: Sequence[bytes]) -> None:
    for _ in range(2 ** chance.randrange(5)):
        damaged[_place(chance, damaged)] = chance.randrange(256)


def _set_number(chance: random.Random, damaged: bytearray, others: Sequence[bytes]) -> None:
    size = chance.choice((1, 2, 4, 4, 8))
    number = chance.choice(NUMBERS) & (256**size - 1)
    start = _place(chance, damaged)
    damaged[start : start + size] = number.to_bytes(size, chance.choice(("big", "little")))


def _add_to_number(chance: random.Random, damaged: bytearray, others: Sequence[bytes]) -> None:
    start = _place(chance, damaged)
    damaged[start] = (damaged[start] + chance.choice((-8, -1, 1, 8))) % 256


def _cut_off(chance: random.Random, damaged: bytearray, others: Sequence[bytes]) -> None:
    del damaged[_place(chance, damaged) :]


def _delete(chance: random.Random, damaged: bytearray, others: Sequence[bytes]) -> None:
    del damaged[_span(chance, damaged)]


def _repeat(chance: random.Random, damaged: bytearray, others: Sequence[bytes]) -> None:
    span = _span(chance, damaged)
    damaged[span.start : span.start] = damaged[span] * chance.choice((1, 1, 2, 10))


def _move(chance: random.Random, damaged: bytearray, others: Sequence[bytes]) -> None:
    span = _span(chance, damaged)
    block = bytes(damaged[span])
    del damaged[span]
    place = _place(chance, damaged) if damaged else 0
    damaged[place:place] = block


def _clear(chance: random.Random, damaged: bytearray, others: Sequence[bytes]) -> None:
    span = _span(chance, damaged)
    value = chance.choice((0, 0, 255))
    damaged[span] = bytes([value]) * len(damaged[span])


def _insert_noise(chance: random.Random, damaged: bytearray, others: Sequence[bytes]) -> None:
    place = _place(chance, damaged)
    damaged[place:place] = chance.randbytes(2 ** chance.randrange(10))


def _paste(chance: random.Random, damaged: bytearray, others: Sequence[bytes]) -> None:
    """Replace a span by a part of another file, or of this one."""
    other = bytearray(chance.choice(others)) if others else bytearray(damaged)
    if other:
        damaged[_span(chance, damaged)] = other[_span(chance, other)]


def _change_text(chance: random.Random, damaged: bytearray, others: Sequence[bytes]) -> None:
    """Replace a number or word, as in text formats."""
    words = list(re.finditer(rb"[-+.\w]+", bytes(damaged[:65536])))
    if words:
        damaged[slice(*chance.choice(words).span())] = chance.choice(TEXTS)


DAMAGES: tuple[Damage, ...] = (
    _flip_bits, _flip_bits, _set_bytes, _set_bytes, _set_number, _set_number, _add_to_number,
    _cut_off, _delete, _repeat, _move, _clear, _insert_noise, _paste, _change_text,
)  # fmt: skip
