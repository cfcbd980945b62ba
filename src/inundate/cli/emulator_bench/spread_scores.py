"""Scores of the ways to a spread on the ensembles of the test part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from inundate.cli.emulator_bench.book import ledger_of, work_through
from inundate.cli.emulator_bench.context import Context
from inundate.cli.emulator_bench.entrants import Entrant, Main
from inundate.cli.emulator_bench.ledger import Ledger
from inundate.cli.emulator_bench.marks import mark_of, source_mark, weights_mark
from inundate.cli.emulator_bench.sheet import Sheet
from inundate.cli.emulator_bench.spreading import CLIMATOLOGY, Job, Way, score_ensemble
from inundate.cli.emulator_bench.worlds import identity, scored_data, zoo_data
from inundate.core.errors import DataError, RunError
from inundate.core.run import Run
from inundate.dataset.samples import Samples
from inundate.emulate.export import find_weights
from inundate.emulate.uncertain.calibration import Calibration, load_calibration
from inundate.emulate.uncertain.climatology import LawClimatology
from inundate.emulate.uncertain.draw import Ensemble, ensembles_of

__all__ = ["Told", "calibrated", "spread_sheet"]


@dataclass(frozen=True)
class Told:
    """A main model and the ways that it was calibrated with, the default first.

    Attributes
    ----------
    main : Main
    ways : tuple of Way
    calibration : Calibration
    """

    main: Main
    ways: tuple[Way, ...]
    calibration: Calibration


def calibrated(mains: Sequence[Main]) -> tuple[list[Told], dict[str, str]]:
    """Give the main models with a calibration, and by name why the others have none."""
    found, faults = [], {}
    source = source_mark("inundate.emulate.uncertain.output", "inundate.score.probability")
    for main in mains:
        run = Run(find_weights(main.source))
        try:
            calibration = load_calibration(run)
        except (RunError, DataError) as error:
            faults[main.name] = f"{main.name}: {str(error).splitlines()[0]}"
            continue
        mark = mark_of(
            {"calibration": calibration.to_json(), "weights": weights_mark(main.source),
             "source": source}
        )  # fmt: skip
        names = sorted(calibration.ways, key=lambda name: name != calibration.default)
        ways = tuple(Way(f"{main.name}/{name}", main.source, name, mark) for name in names)
        found.append(Told(main, ways, calibration))
    return found, faults


def spread_sheet(context: Context, told: Sequence[Told], sure: Sequence[Entrant]) -> Sheet:
    """Give the scores of all ways and of single depths, making those that are not kept.

    Parameters
    ----------
    context : Context
    told : sequence of Told
    sure : sequence of Entrant
        Who gives one depth.
    """
    return cast(Sheet, context.once("spread sheet", lambda: _sheet(context, told, sure)))


def _sheet(context: Context, told: Sequence[Told], sure: Sequence[Entrant]) -> Sheet:
    samples = scored_data(context)
    ensembles = _chosen(ensembles_of(samples, "test"), context.options.ensembles)
    ways = [way for one in told for way in one.ways]
    ledgers = _ledgers(context, samples, ways, sure)
    jobs = [job for one in ensembles if (job := _job(samples, one, ways, sure, ledgers))]
    if any(job.plain for job in jobs):
        climatology = _climatology(context)
        jobs = [replace(job, climatology=climatology) if job.plain else job for job in jobs]
    work_through(context, "spread", score_ensemble, jobs, ledgers)
    names = [samples.rows[n].name for one in ensembles for n in one.truths]
    return Sheet.of(
        {who: [ledger.found[name] for name in names] for who, ledger in ledgers.items()},
        interval_s=samples.interval_s,
        draws=context.options.draws,
    )


def _ledgers(
    context: Context, samples: Samples, ways: Sequence[Way], sure: Sequence[Entrant]
) -> dict[str, Ledger]:
    source = source_mark("inundate.score.probability")
    learnt = [str(identity(data)) for data in (samples, zoo_data(context))]
    marks = {way.name: way.mark for way in ways}
    marks |= {one.name: mark_of({"entrant": one.mark, "source": source}) for one in sure}
    marks[CLIMATOLOGY] = mark_of({"learnt": learnt, "source": source})
    return {
        name: ledger_of(context, samples, f"spread-{name}", mark) for name, mark in marks.items()
    }


def _chosen(ensembles: Sequence[Ensemble], most: int) -> list[Ensemble]:
    """Take one of each ground before a second of any; all for 0."""
    turns: dict[str, int] = {}
    ordered = []
    for one in ensembles:
        turn = turns.get(one.row.block, 0)
        turns[one.row.block] = turn + 1
        ordered.append((turn, one))
    ordered.sort(key=lambda pair: pair[0])
    return [one for _, one in ordered][: most or None]


def _job(
    samples: Samples,
    one: Ensemble,
    ways: Sequence[Way],
    sure: Sequence[Entrant],
    ledgers: Mapping[str, Ledger],
) -> Job | None:
    """Give what is missing of an ensemble."""
    names = [samples.rows[number].name for number in one.truths]

    def missing(who: str) -> bool:
        return any(name not in ledgers[who].found for name in names)

    wanted = tuple(way for way in ways if missing(way.name))
    single = tuple(entrant for entrant in sure if missing(entrant.name))
    plain = missing(CLIMATOLOGY)
    if not (wanted or single or plain):
        return None
    cells = one.row.frames * one.row.grid["height"] * one.row.grid["width"]
    return Job(str(samples.path), one.base, one.truths, wanted, single, plain, cost=cells * 1e-6)


def _climatology(context: Context) -> LawClimatology:
    """Count the depths of all samples that may be learnt from."""
    context.say("learning the climatology of depths")
    zoo, scored = zoo_data(context), scored_data(context)
    pairs = [(zoo, number) for number in zoo.part("train")]
    pairs += [(scored, number) for number in scored.part("valid")]
    return LawClimatology(data.read(number) for data, number in pairs)
