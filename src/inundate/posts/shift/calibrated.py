"""A model with a temperature, fitted to posts kept aside or to events left out in turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from inundate.posts.labelled.table import LabelledPosts
from inundate.posts.shift.events import LeftOut, predict_left_out
from inundate.posts.shift.model import Floats, Ints, Model
from inundate.posts.shift.temperature import cool, fit_temperature
from inundate.posts.shift.wrapper import Wrapper

__all__ = ["Calibrated", "fit_across_events"]


class Calibrated(Wrapper):
    """A model whose confidence is scaled by a temperature; its decisions stay the same.

    Parameters
    ----------
    inner : Model
    temperature : float
        1 changes nothing.
    fitted_on : str
        ``nothing``, ``validation``, or ``events left out``.
    """

    kind: ClassVar[str] = "temperature"

    def __init__(self, inner: Model, temperature: float = 1.0, fitted_on: str = "nothing") -> None:
        super().__init__(inner)
        self.temperature = temperature
        self.fitted_on = fitted_on

    def calibrate(
        self, probabilities: Floats, labels: Ints, *, weights: Floats | None = None
    ) -> None:
        """Find the temperature; see :func:`~inundate.posts.shift.temperature.fit_temperature`."""
        self.temperature = fit_temperature(probabilities, labels, weights=weights)
        self.fitted_on = "validation"

    def apply(self, probabilities: Floats) -> Floats:
        """Scale probabilities (N, K)."""
        return cool(probabilities, self.temperature)

    def values(self) -> dict[str, Any]:
        """Give the temperature and what it was fitted on."""
        return {"temperature": self.temperature, "fitted_on": self.fitted_on}

    @classmethod
    def from_values(cls, inner: Model, values: dict[str, Any], *_: Model) -> Calibrated:
        """Make it again of what :meth:`values` gave."""
        return cls(inner, float(values["temperature"]), str(values["fitted_on"]))


def fit_across_events(
    make: Callable[[], Model],
    train: LabelledPosts,
    valid: LabelledPosts | None = None,
    *,
    seed: int = 0,
    run: Any = None,
    on_event: Callable[[str], None] = lambda _: None,
) -> tuple[Calibrated, LeftOut]:
    """Train a model that is as sure about a new event as it is right about new events.

    Each event of the training posts is left out in turn, a model is trained on the others and
    asked about it. One temperature is fitted to all these answers, every event counting the
    same; then the model is trained on all of them.

    Parameters
    ----------
    make : callable
        Gives a new, untrained model.
    train : LabelledPosts
        Of at least two events.
    valid : LabelledPosts, optional
        Handed to every training as it is; the temperature does not come from it.
    seed : int
    run : Run, optional
        Of the last training.
    on_event : callable
        Told the name of each event that was left out.

    Returns
    -------
    tuple of (Calibrated, LeftOut)
        The trained model, and the answers about events left out.

    Raises
    ------
    DataError
        If the posts are of fewer than two events.
    """
    left_out = predict_left_out(make, train, valid, seed=seed, on_event=on_event)
    inner = make()
    inner.fit(train, valid, seed=seed, run=run)
    model = Calibrated(inner)
    model.calibrate(left_out.probabilities, left_out.labels, weights=left_out.weights)
    model.fitted_on = "events left out"
    return model, left_out
