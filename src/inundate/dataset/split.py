"""Splits by terrain block and by storm: what is tested was never seen in either."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

from inundate.core.errors import ConfigError, DataError, nearest
from inundate.core.seeds import make_rng
from inundate.dataset.settings import DatasetSettings

__all__ = ["SPLITS", "Split", "make_split"]

SPLITS = ("train", "valid", "test", "unused")


@dataclass(frozen=True)
class Split:
    """Which blocks and storms belong to which part.

    Attributes
    ----------
    blocks : dict
        Block to ``train``, ``valid`` or ``test``.
    storms : dict
        Storm to ``train`` or ``test``.
    """

    blocks: Mapping[str, str]
    storms: Mapping[str, str]

    def of(self, block: str, storm: str) -> str:
        """Give the part of a sample; mixed pairs are ``unused``.

        A test sample has a storm *and* a block that training never saw. A block of the
        validation part under a training storm is ``valid``.

        Examples
        --------
        >>> Split({"a": "test"}, {"s": "train"}).of("a", "s")
        'unused'
        """
        part, storm_part = self.blocks[block], self.storms[storm]
        if part == "test":
            return "test" if storm_part == "test" else "unused"
        return part if storm_part == "train" else "unused"

    def hash(self) -> str:
        """Give a hash of the split, stored with everything made from it."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def make_split(
    regimes: Mapping[str, str],
    storms: Sequence[str],
    settings: DatasetSettings,
    *,
    test_storm: Collection[str] = (),
    test_block: Collection[str] = (),
) -> Split:
    """Hold out terrain blocks of every regime, and whole storms.

    Parameters
    ----------
    regimes : mapping
        Block to its regime.
    storms : sequence of str
        Names of all storms.
    settings : DatasetSettings
    test_storm, test_block : collection of str, optional
        Names to hold out; a block may be named by a part of its name. By default they are drawn.

    Raises
    ------
    ConfigError
        If a name is not known.
    DataError
        If a part would be empty.
    """
    rng = make_rng(settings.seed, "split")
    held = _named(test_storm, sorted(set(storms)), "test storm", exact=True)
    if not held:
        order = [str(name) for name in rng.permutation(sorted(set(storms)))]
        held = set(order[: settings.test_storms])
    storm_part = {name: "test" if name in held else "train" for name in sorted(set(storms))}
    fixed = _named(test_block, sorted(regimes), "test block", exact=False)
    block_part: dict[str, str] = {}
    for regime in sorted(set(regimes.values())):
        names = sorted(name for name, found in regimes.items() if found == regime)
        names = [str(name) for name in rng.permutation(names)]
        tests = [n for n in names if n in fixed] if fixed else names[: _count(names, settings)]
        rest = [n for n in names if n not in tests]
        # at least one, and never the last that could train
        valid = min(len(rest) - 1, max(1, round(settings.valid_share * len(names)))) if rest else 0
        block_part |= dict.fromkeys(tests, "test") | dict.fromkeys(rest[:valid], "valid")
        block_part |= dict.fromkeys(rest[valid:], "train")
    split = Split(dict(sorted(block_part.items())), storm_part)
    _check(split)
    return split


def _count(names: Sequence[str], settings: DatasetSettings) -> int:
    spare = len(names) - 2 if len(names) > 2 else len(names) - 1  # one to train, one to validate
    return min(spare, max(1, round(settings.test_share * len(names))))


def _named(wanted: Collection[str], known: Sequence[str], what: str, *, exact: bool) -> set[str]:
    found: set[str] = set()
    for name in wanted:
        hits = {k for k in known if k == name or (not exact and name in k)}
        if not hits:
            close = nearest(name, known)
            raise ConfigError(
                f"splitting: no {what} {name!r}; known are {', '.join(known[:12])}",
                hint=f"did you mean {close!r}?" if close else None,
            )
        found |= hits
    return found


def _check(split: Split) -> None:
    for what, parts, needed in (
        ("terrain blocks", split.blocks, ("train", "valid", "test")),
        ("storms", split.storms, ("train", "test")),
    ):
        counts = {part: list(parts.values()).count(part) for part in needed}
        empty = [part for part, count in counts.items() if not count]
        if empty:
            raise DataError(
                f"splitting {len(parts)} {what}: no {' or '.join(empty)} part is left ({counts})",
                hint="simulate more: at least 3 terrain blocks of a regime and 2 storms",
            )
