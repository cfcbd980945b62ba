"""The score book: sums of every sample for the model and its baselines.

A book holds sums, never depths, so it is small, survives a restart (save it after each
sample, ask :meth:`ScoreBook.has` on return) and books of several machines merge. Scores come
out of it only as a whole: with the split, every baseline and intervals.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from inundate.core.errors import ConfigError, DataError
from inundate.core.files import check_input, write_text
from inundate.score.aggregate import gather
from inundate.score.depth import DepthErrors, depth_metrics
from inundate.score.entry import Entry
from inundate.score.extent import THRESHOLDS_M, Extent, extent_metrics
from inundate.score.peak import PeakErrors, peak_metrics
from inundate.score.probability import Probability, probability_metrics
from inundate.score.render import render
from inundate.score.sample import Forecast, Observed
from inundate.score.spatial import Spatial, spatial_metrics
from inundate.score.statistic import Metric, Statistic
from inundate.score.summary import summarise

__all__ = ["ScoreBook", "metrics_of", "statistics_of"]

FORMAT = 1


def statistics_of(thresholds_m: Sequence[float], *, probabilistic: bool) -> list[Statistic]:
    """Give the statistics that a book takes from each sample."""
    taken: list[Statistic] = [
        DepthErrors("frames"),
        DepthErrors("peak"),
        PeakErrors(),
        Extent(thresholds_m, "frames"),
        Extent(thresholds_m, "peak"),
        Spatial(),
    ]
    return [*taken, Probability(thresholds_m)] if probabilistic else taken


def metrics_of(thresholds_m: Sequence[float], *, probabilistic: bool) -> tuple[Metric, ...]:
    """Give the metrics that can be made of these statistics, in the order of tables."""
    return (
        *depth_metrics("frames"),
        *extent_metrics(thresholds_m, "frames"),
        *spatial_metrics(),
        *depth_metrics("peak"),
        *extent_metrics(thresholds_m, "peak"),
        *peak_metrics(),
        *(probability_metrics(thresholds_m) if probabilistic else ()),
    )


class ScoreBook:
    """Sums by sample and model, and the summary made of them.

    Parameters
    ----------
    reference : str
        The model that is judged.
    baselines : sequence of str
        Models that it has to beat; at least one.
    split : mapping
        What the samples are: JSON-able, such as ``{"name": "test", "unseen": "terrain and
        storm", "hash": "…"}``. Shown with every score, so it must not be empty.
    thresholds_m : sequence of float, m
        Depths from which a cell is flooded, rising.
    probabilistic : bool
        Whether CRPS, Brier scores, reliability and coverage are computed as well.
    advantages : mapping, optional
        For baselines that are told more than an emulator: name to what they are told.

    Raises
    ------
    ConfigError
        If there is no baseline or split, the reference is its own baseline, or thresholds do
        not rise from above 0.
    """

    def __init__(
        self,
        *,
        reference: str,
        baselines: Sequence[str],
        split: Mapping[str, Any],
        thresholds_m: Sequence[float] = THRESHOLDS_M,
        probabilistic: bool = False,
        advantages: Mapping[str, str] | None = None,
    ) -> None:
        if not baselines or reference in baselines or not split:
            raise ConfigError(
                f"score book: reference {reference!r}, baselines {list(baselines)}, split "
                f"{dict(split)}; expected a split and at least one baseline beside the reference",
                hint="a score is never shown without its baselines and its split",
            )
        rising = [0.0, *thresholds_m]
        if len(rising) < 2 or any(a >= b for a, b in pairwise(rising)):
            raise ConfigError(f"score book: thresholds {list(thresholds_m)} m, expected rising > 0")
        self.reference = reference
        self.baselines = tuple(baselines)
        self.split = dict(split)
        self.thresholds_m = tuple(float(t) for t in thresholds_m)
        self.probabilistic = probabilistic
        self.advantages = dict(advantages or {})
        self.entries: dict[str, Entry] = {}
        self._statistics = statistics_of(self.thresholds_m, probabilistic=probabilistic)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Metrics of this book."""
        return metrics_of(self.thresholds_m, probabilistic=self.probabilistic)

    def has(self, sample: str, model: str | None = None) -> bool:
        """Whether a sample (of a model) is in the book."""
        entry = self.entries.get(sample)
        return entry is not None and (model is None or model in entry.models)

    def add(
        self,
        sample: str,
        *,
        terrain: str,
        block: str,
        storm: str,
        regime: str,
        observed: ArrayLike,
        predicted: Mapping[str, ArrayLike | Forecast],
        interval_s: float,
        valid: ArrayLike | None = None,
    ) -> None:
        """Score one sample; nothing is added when any model's prediction is faulty.

        Parameters
        ----------
        sample : str
            Its name in the data set.
        terrain, block, storm, regime : str
            Where it comes from; block and storm are what the bootstrap draws.
        observed : array (T, H, W), m
            True roll-out from the start; NaN leaves a cell out.
        predicted : mapping of str to array (T, H, W), m, or Forecast
            Roll-outs by model name.
        interval_s : float, s
            Time between frames.
        valid : bool array (H, W) or (T, H, W), optional
            False leaves a cell out.

        Raises
        ------
        DataError
            If a prediction does not fit or holds no number where one was observed, the sample
            has a model already, or came with another origin or truth before.
        """
        truth = Observed.of(observed, interval_s=interval_s, valid=valid)
        entry = Entry(terrain, block, storm, regime, truth.digest)
        for name, depth in predicted.items():
            if self.has(sample, name):
                raise DataError(f"score book: sample {sample!r} has scores of {name!r} already")
            forecast = depth if isinstance(depth, Forecast) else Forecast(depth)
            checked = forecast.against(truth, name=f"{name} of sample {sample}")
            entry.models[name] = gather(self._statistics, checked, truth)
        self._put(sample, entry)

    def merge(self, other: ScoreBook) -> None:
        """Take in the samples and models of another book of the same evaluation.

        Raises
        ------
        DataError
            If the books differ in reference, baselines, split, thresholds or kind, or hold
            different sums of the same sample and model.
        """
        mine, theirs = self._header(), other._header()
        odd = [key for key in mine if mine[key] != theirs[key]]
        if odd:
            told = "; ".join(f"{key} {mine[key]!r} and {theirs[key]!r}" for key in odd)
            raise DataError(f"merging score books: they differ in {told}")
        for sample, entry in other.entries.items():
            self._put(sample, entry)

    def _put(self, sample: str, entry: Entry) -> None:
        if sample in self.entries:
            self.entries[sample].take(entry, sample)
        else:
            self.entries[sample] = entry

    def summary(
        self,
        *,
        cluster: str = "block",
        draws: int = 2000,
        seed: int = 0,
        level: float = 0.95,
        required: Sequence[str] | None = None,
        against: Sequence[str] | None = None,
        metrics: Sequence[str] | None = None,
    ) -> dict[str, Any]:
        """Give all scores with baselines, intervals, split and verdict, JSON-able.

        See :func:`inundate.score.summary.summarise` for the options and the form.
        """
        return summarise(
            self,
            cluster=cluster,
            draws=draws,
            seed=seed,
            level=level,
            required=required,
            against=against,
            metrics=metrics,
        )

    def text(self, summary: Mapping[str, Any] | None = None) -> str:
        """Give a plain table, failures first; of a summary made before, or a default one."""
        return render(summary if summary is not None else self.summary())

    def _header(self) -> dict[str, Any]:
        return {
            "reference": self.reference,
            "baselines": list(self.baselines),
            "split": self.split,
            "thresholds_m": list(self.thresholds_m),
            "probabilistic": self.probabilistic,
            "advantages": self.advantages,
        }

    def save(self, path: Path | str) -> Path:
        """Write the sums as JSON, whole or not at all.

        Raises
        ------
        RunError
            If the file cannot be written.
        """
        samples = {name: entry.to_json() for name, entry in sorted(self.entries.items())}
        stored = {"kind": "score_sums", "format": FORMAT, **self._header(), "samples": samples}
        return write_text(path, json.dumps(stored, allow_nan=False, separators=(",", ":")))

    @classmethod
    def load(cls, path: Path | str) -> ScoreBook:
        """Read a saved book.

        Raises
        ------
        MissingFileError
            If there is no such file.
        DataError
            If it is not a whole score book of this format.
        """
        found = check_input(path, what="reading score book")
        try:
            stored = json.loads(found.read_text(encoding="utf-8"))
            if (stored["kind"], stored["format"]) != ("score_sums", FORMAT):
                raise DataError(
                    f"reading score book {path}: kind {stored['kind']!r}, format "
                    f"{stored['format']!r}, expected 'score_sums', {FORMAT}"
                )
            keys = ("reference", "baselines", "split", "thresholds_m", "probabilistic",
                    "advantages")  # fmt: skip
            book = cls(**{key: stored[key] for key in keys})
            for name, entry in stored["samples"].items():
                book.entries[name] = Entry.from_json(entry)
        except (KeyError, TypeError, AttributeError, UnicodeDecodeError, json.JSONDecodeError) as e:
            raise DataError(
                f"reading score book {path}: not a whole score book ({type(e).__name__}: {e})",
                hint="remove it and evaluate again",
            ) from e
        return book
