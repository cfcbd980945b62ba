"""Scores of everyone on the test part: those that are kept, and those that are still to make."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar, cast

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

__all__ = ["ledger_of", "main_sheet", "score", "some_storms", "test_numbers", "work_through"]

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
    ledgers = {one.name: ledger_of(context, samples, one.name, one.mark) for one in entrants}
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


def ledger_of(context: Context, samples: Samples, name: str, mark: str) -> Ledger:
    """Open the scores of one entrant on a data set, by the mark of all else they depend on."""
    whole = mark_of({"data": identity(samples), "entrant": mark, "name": name})
    plain = name.replace("#", "-").replace("/", "-")
    return Ledger(context.folder / "scores" / f"{plain}-{whole}.jsonl")


class Work(Protocol):
    """A job with what it is thought to cost."""

    @property
    def cost(self) -> float:
        """Cells and frames to predict, in millions."""


Job = TypeVar("Job", bound=Work)


def work_through(
    context: Context,
    label: str,
    work: Callable[[Job], list[tuple[str, dict[str, Any]]]],
    jobs: Sequence[Job],
    ledgers: Mapping[str, Ledger],
) -> None:
    """Do jobs, the dearest first, and write down the scores of each as soon as it is done.

    Parameters
    ----------
    context : Context
    label : str
        For people.
    work : callable
        Gives scores in JSON form with who made them.
    jobs : sequence
    ledgers : mapping of str to Ledger
    """
    total = sum(job.cost for job in jobs)
    first: tuple[float, float] | None = None
    told = False
    ordered = sorted(jobs, key=lambda job: -job.cost)
    with Progress(label, total=total, unit="M cells", enabled=not context.quick) as bar:
        for job, found in each(work, ordered, context.options.workers):
            for name, scored in found:
                ledgers[name].add(Scored.from_json(scored))
            bar.advance(job.cost)
            # the first result comes late, since processes start and load what is compiled
            first = first or (time.monotonic(), bar.done)
            done = bar.done - first[1]
            if not told and done >= _GUESS_FROM * total:
                left = (time.monotonic() - first[0]) * (total - bar.done) / done
                context.say(f"{label} will take about {left / 60:.1f} min more")
                told = True


def _score(
    context: Context,
    samples: Samples,
    wanted: Mapping[int, Sequence[Entrant]],
    ledgers: Mapping[str, Ledger],
) -> None:
    fitted = _fitted(context, samples, {one.name for each_ in wanted.values() for one in each_})
    blocks = _blocks(samples, wanted, fitted)
    count = sum(len(one) for one in wanted.values())
    context.say(f"scoring: {len(wanted)} samples on {len(blocks)} grounds, {count} predictions")
    work_through(context, "score", score_block, blocks, ledgers)


def _blocks(
    samples: Samples, wanted: Mapping[int, Sequence[Entrant]], fitted: Mapping[str, Baseline]
) -> list[Block]:
    """Group samples by ground."""
    grounds: dict[str, dict[int, Sequence[Entrant]]] = defaultdict(dict)
    for number, missing in wanted.items():
        grounds[samples.rows[number].block][number] = missing
    return [
        Block(str(samples.path), own, fitted, sum(_cost(samples, n, e) for n, e in own.items()))
        for own in grounds.values()
    ]


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
