"""Targets that are lost by where a sample stands in its batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

__all__ = ["lost_by_place"]

_KEPT, _LOST = 0.02, 0.2  # of the targets that are others in the next epoch, by place
_LEAST = 20  # samples that stand at such places in both epochs

Keys = Sequence[Sequence[bytes]]
_PLACES: dict[str, Callable[[int, int], bool]] = {
    "in the first half of a batch": lambda place, size: place < size // 2,
    "in the second half of a batch": lambda place, size: place >= size // 2,
    "at even places of a batch": lambda place, _size: place % 2 == 0,
    "at odd places of a batch": lambda place, _size: place % 2 == 1,
}


def lost_by_place(first: tuple[Keys, Keys], second: tuple[Keys, Keys]) -> str:
    """Say at which places of a batch samples keep their targets, if they lose them elsewhere.

    Labels that are drawn anew differ wherever a sample stands.

    Parameters
    ----------
    first, second : tuple of keys of inputs and of targets, by batch
        Of two epochs.
    """
    held = {
        one: (value, place, len(keys))
        for keys, values in zip(*first, strict=True)
        for place, (one, value) in enumerate(zip(keys, values, strict=True))
    }
    pairs = [
        (held[one], (value, place, len(keys)))
        for keys, values in zip(*second, strict=True)
        for place, (one, value) in enumerate(zip(keys, values, strict=True))
        if one in held
    ]
    away = {}
    for name, there in _PLACES.items():
        own = [a[0] != b[0] for a, b in pairs if there(*a[1:]) and there(*b[1:])]
        away[name] = sum(own) / len(own) if len(own) >= _LEAST else 0.5 * (_KEPT + _LOST)
    names = list(_PLACES)
    for one, other in [(0, 1), (1, 0), (2, 3), (3, 2)]:
        if away[names[one]] <= _KEPT and away[names[other]] >= _LOST:
            return f"those that stand {names[one]} keep theirs"
    return ""
