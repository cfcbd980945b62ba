"""Scores of everyone on the test part: those that are kept, and those that are still to make."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from inundate.cli.emulator_bench.context import Context
from inundate.cli.emulator_bench.entrants import (
    BASELINES,
    Entrant,
    baselines,
    main_models,
    plain_hybrids,
)
from inundate.cli.emulator_bench.ledger import Ledger, Scored
from inundate.cli.emulator_bench.marks import mark_of
from inundate.cli.emulator_bench.pool import each
from inundate.cli.emulator_bench.scoring import Block, case_of, score_block
from inundate.cli.emulator_bench.sheet import Sheet
from inundate.cli.emulator_bench.worlds import identity, scored_data, zoo_data
from inundate.core.errors import DataError
from inundate.core.progress import Progress
from inundate.dataset.samples import Samples
from inundate.score.baseline import fit_baselines
from inundate.score.case import Baseline

__all__ = ["main_sheet", "score", "some_storms", "test_numbers"]

_GUESS_FROM = 0.05  # share of the work after which its length is guessed


def main_sheet(context: Context) -> Sheet:
    """Score baselines, hybrids and the main models on every test sample."""

    def make() -> Sheet:
        entrants = [*_plain(context), *(e for m in main_models(context) for e in m.entrants)]
        return score(context, entrants, test_numbers(scored_data(context)))

    return cast(Sheet, context.once("main sheet", make))


def _plain(context: Context) -> list[Entrant]:
    learnt = [str(identity(data)) for data in (scored_data(context), zoo_data(context))]
    return [*baselines(learnt), *plain_hybrids()]


def test_numbers(samples: Samples) -> list[int]:
    """Give the unperturbed test samples."""
    return samples.part("test")


def some_storms(samples: Samples, storms: int) -> list[int]:
    """Give test samples of the first few storms of each ground; of all of them for 0."""
    found: dict[str, list[int]] = defaultdict(list)
    for number in test_numbers(samples):
        found[samples.rows[number].block].append(number)
    return [n for numbers in found.values() for n in (numbers[:storms] if storms else numbers)]


def score(context: Context, entrants: Sequence[Entrant], numbers: Sequence[int]) -> Sheet:
    """Give the scores of some entrants on some samples, making those that are not kept.

    Parameters
    ----------
    context : Context
    entrants : sequence of Entrant
    numbers : sequence of int
        Of samples of :func:`~.worlds.scored_data`.
    """
    samples = scored_data(context)
    ledgers = {one.name: _ledger(context, samples, one) for one in entrants}
    wanted = {
        number: [
            one for one in entrants if samples.rows[number].name not in ledgers[one.name].found
        ]
        for number in numbers
    }
    wanted = {number: missing for number, missing in wanted.items() if missing}
    if wanted:
        _score(context, samples, wanted, ledgers)
    names = [samples.rows[number].name for number in numbers]
    return Sheet.of(
        {name: [ledger.found[sample] for sample in names] for name, ledger in ledgers.items()},
        interval_s=samples.interval_s,
        draws=context.options.draws,
    )


def _ledger(context: Context, samples: Samples, entrant: Entrant) -> Ledger:
    mark = mark_of({"data": identity(samples), "entrant": entrant.mark, "name": entrant.name})
    return Ledger(context.folder / "scores" / f"{entrant.name.replace('#', '-')}-{mark}.jsonl")


def _score(
    context: Context,
    samples: Samples,
    wanted: Mapping[int, Sequence[Entrant]],
    ledgers: Mapping[str, Ledger],
) -> None:
    fitted = _fitted(context, samples, {one.name for each_ in wanted.values() for one in each_})
    blocks = _blocks(samples, wanted, fitted)
    total = sum(block.cost for block in blocks)
    count = sum(len(one) for one in wanted.values())
    context.say(f"scoring: {len(wanted)} samples on {len(blocks)} grounds, {count} predictions")
    began, told = time.monotonic(), False
    with Progress("score", total=total, unit="M cells", enabled=not context.quick) as bar:
        for block, found in each(score_block, blocks, context.options.workers):
            for name, scored in found:
                ledgers[name].add(Scored.from_json(scored))
            bar.advance(block.cost)
            if not told and bar.done >= _GUESS_FROM * total:
                seconds = (time.monotonic() - began) * total / bar.done
                context.say(f"scoring will take about {seconds / 60:.1f} min in all")
                told = True


def _blocks(
    samples: Samples, wanted: Mapping[int, Sequence[Entrant]], fitted: Mapping[str, Baseline]
) -> list[Block]:
    """Group samples by ground, the dearest first."""
    grounds: dict[str, dict[int, Sequence[Entrant]]] = defaultdict(dict)
    for number, missing in wanted.items():
        grounds[samples.rows[number].block][number] = missing
    blocks = [
        Block(
            str(samples.path), own, fitted, cost=sum(_cost(samples, n, e) for n, e in own.items())
        )
        for own in grounds.values()
    ]
    return sorted(blocks, key=lambda block: -block.cost)


def _cost(samples: Samples, number: int, entrants: Sequence[Entrant]) -> float:
    """Give the cells and frames to predict, in millions."""
    row = samples.rows[number]
    cells = float(row.grid["height"] * row.grid["width"])
    return row.frames * cells * len(entrants) / 1e6


def _fitted(context: Context, samples: Samples, names: Iterable[str]) -> dict[str, Baseline]:
    """Make the baselines that are wanted; the climatology learns from all that may be learnt."""
    wanted = [name for name in BASELINES if name in set(names)]
    if "climatology" not in wanted:
        return fit_baselines(wanted, ())
    zoo = zoo_data(context)
    if zoo.interval_s != samples.interval_s:
        raise DataError(
            f"benchmark emulator: frames of {samples.path.name} every {samples.interval_s:g} s, of "
            f"{zoo.path.name} every {zoo.interval_s:g} s; the climatology is the mean of both"
        )
    context.say("learning the climatology")
    pairs = [(zoo, number) for number in zoo.part("train")]
    pairs += [(samples, number) for number in samples.part("valid")]
    return fit_baselines(wanted, (case_of(data.read(number)) for data, number in pairs))
