"""A study small enough for the tests: trainings of six steps with three validations."""

from inundate.emulate.loss import LossSettings
from inundate.emulate.tune.settings import TuneSettings
from inundate.emulate.tune.setup import Setup
from inundate.emulate.tune.space import Range
from inundate.learn.settings import WatchSettings

from ..small_flood import MODE_H, TRAINING

SETUP = Setup(
    model=MODE_H,
    train=TRAINING.model_copy(
        update={
            "max_steps": 6, "learning_rate": 1e-4, "warmup_steps": 1, "validate_every_steps": 2,
            "checkpoint_every_steps": 2,
        }
    ),
    loss=LossSettings(),
    watch=WatchSettings(every_steps=100),
)  # fmt: skip
SPACE = {
    "train.learning_rate": Range(low=1e-5, high=1e-1, log=True),
    "loss.extent": Range(low=0.1, high=2.0, log=True),
    "train.batch_size": Range(choices=(2, 4)),
}
STUDY = TuneSettings(trials=6, repeats=2, seed=4, startup_trials=3, prune_after=2)


def told(report):
    """What of the trials must not depend on where a study was interrupted, or on the clock."""
    clocks = ("wall_s", "train_s")
    return [{k: v for k, v in trial.items() if k not in clocks} for trial in report["trials"]]
