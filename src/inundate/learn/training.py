"""The training loop in plain PyTorch: :meth:`Training.steps`, readable top to bottom."""

from __future__ import annotations

import contextlib
import errno
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from inundate.core.errors import ConfigError, DataError, RunError
from inundate.core.interrupt import Interrupts
from inundate.core.log import get_logger
from inundate.core.progress import Progress
from inundate.core.run import Run
from inundate.learn.alarm import Alarm, Cause, TrainingStopped
from inundate.learn.batches import Batch, count_samples, find_not_finite, to_device
from inundate.learn.checkpoint import (
    checkpoint_folders,
    newest_checkpoint,
    point_to,
    pointed,
    prune,
    read_checkpoint,
    tidy,
    write_checkpoint,
)
from inundate.learn.device import describe_device, pick_device
from inundate.learn.distributed import Ranks
from inundate.learn.job import Job, TrainResult
from inundate.learn.metrics import trim_metrics
from inundate.learn.optim import (
    RunningMean,
    block_norms,
    clip_gradients,
    make_optimiser,
    set_learning_rate,
)
from inundate.learn.probes import describe_not_finite, not_finite_weights
from inundate.learn.random_state import capture_random
from inundate.learn.schedule import Horizon, learning_rate
from inundate.learn.settings import differences
from inundate.learn.state import TrainingState

__all__ = ["Training", "refuse_differences"]

_log = get_logger("learn")


def refuse_differences(run: Run, found: list[str]) -> None:
    """Raise ConfigError listing how a run's settings differ from those given now, if at all."""
    if found:
        raise ConfigError(
            f"resuming {run.path}: its settings are not those given now\n"
            + "\n".join(f"  {text}" for text in found),
            hint="resume with the run's own config.toml, or train a new run",
        )


class Training:
    """A training under way: call :meth:`prepare`, then :meth:`run_to_end`."""

    def __init__(self, job: Job, ranks: Ranks, interrupts: Interrupts) -> None:
        self.job, self.ranks, self.interrupts = job, ranks, interrupts
        self.settings, self.run, self.watch = job.settings, job.run, job.watch
        self.device = pick_device(job.settings.device, local_rank=ranks.local)
        self.model = job.model.to(self.device)
        self.model.train()
        self.optimiser = make_optimiser(self.model, self.settings)
        self.ema = RunningMean(self.model, self.settings.ema) if self.settings.ema else None
        self.state = TrainingState(self.model, self.optimiser, self.ema, self.watch, job.rng)
        self.steps_per_epoch = ranks.steps_per_epoch(job.batches)
        self.horizon = Horizon.of(self.settings, steps_per_epoch=self.steps_per_epoch)
        self.norms: dict[str, float] = {}
        self.share = 1.0
        self.between_steps = True
        self.looked_at = self.validated_at = self.saved_at = -1
        self.faults: tuple[Alarm, ...] = ()
        self.clock = self.saved_clock = time.monotonic()

    def prepare(self, *, resuming: bool) -> None:
        """Take the state of the newest checkpoint, or the same start on every rank."""
        if resuming and self.ranks.first_of(bool(checkpoint_folders(self.run.path))):
            self.restore()
        else:
            self.ranks.same_start(self.model)
            if self.ranks.is_first:
                tidy(self.run.path)
                trim_metrics(self.run, step=-1)
        resumed = self.state.step if resuming else None
        self.status(
            "running",
            device=describe_device(self.device),
            processes=self.ranks.size,
            seed=self.settings.seed,
            parameters=sum(p.numel() for p in self.model.parameters() if p.requires_grad),
            steps_planned=self.horizon.steps,
            minutes_planned=self.settings.max_minutes or None,
            resumed_from=[*self.run.manifest.get("resumed_from", []), resumed] if resuming else [],
        )

    def run_to_end(self) -> TrainResult:
        """Train, and leave the right status whatever happens."""
        try:
            if self.saved_at < 0:
                self.look()
                self.save()  # so that a run can be resumed from its first second
            return self.finish(self.steps())
        except TrainingStopped as error:
            alarms = [alarm.record() for alarm in error.alarms]
            self.status("stopped", cause=error.cause, alarms=alarms)
            raise
        except KeyboardInterrupt:
            if self.between_steps and self.saved_at not in (-1, self.state.step):
                self.save()
            self.status("interrupted", resume=f"inundate resume {self.run.path}")
            raise
        except OSError as error:
            self.status("failed", error=str(error))
            if error.errno != errno.ENOSPC:
                raise
            raise RunError(
                f"training in {self.run.path}: the disk is full at step {self.state.step}; "
                "earlier checkpoints are whole",
                hint=f"free some space, then inundate resume {self.run.path}",
            ) from error
        except Exception as error:
            self.status("failed", error=str(error))
            raise

    def steps(self) -> str:
        """Make optimiser steps until a limit is reached; give the name of the limit."""
        state, horizon = self.state, self.horizon
        with self.bar() as bar:
            while (ended_by := horizon.ended_by(state.step, seconds := self.elapsed())) is None:
                self.between_steps = False
                batch = self.next_batch()
                done = horizon.progress(state.step, seconds)
                rate = learning_rate(self.settings, step=state.step, progress=done)
                set_learning_rate(self.optimiser, rate)

                self.optimiser.zero_grad(set_to_none=True)
                parts = self.job.loss_fn(self.model, batch)
                values = self.check_loss(parts)
                torch.autograd.backward(parts["loss"])
                self.ranks.average_gradients(self.model, self.share)
                self.norms = block_norms(self.model)
                self.check_gradients(values["loss"])
                norm = clip_gradients(self.model, self.norms, self.settings.clip)
                self.optimiser.step()

                state.step += 1
                if self.ema is not None:
                    self.ema.update(self.model, state.step)
                state.means.add({**values, "gradient_norm": norm})
                self.after_step(rate)
                self.between_steps = True  # a checkpoint made before would skip the validation
                bar.note(f"loss {values['loss']:.4g}")
                bar.update(state.step if horizon.steps else seconds)
                if self.ranks.any(self.interrupts.pending):
                    raise KeyboardInterrupt
        return ended_by

    def bar(self) -> Progress:
        """Make the progress bar: in steps, or in seconds where only time ends the training."""
        shown = self.job.progress and self.ranks.is_first
        if self.horizon.steps:
            return Progress("train", total=self.horizon.steps, unit="step", enabled=shown)
        return Progress("train", total=self.horizon.seconds, unit="s", enabled=shown)

    def next_batch(self) -> Batch:
        """Give the batch of this step, or stop if it holds values that are not finite."""
        epoch, index = divmod(self.state.step, self.steps_per_epoch)
        batch, number = self.ranks.batch(self.job.batches, epoch, index)
        found = find_not_finite(batch, allow=self.job.allow_nan)
        text = None if found is None else f"{found.key}|batch {number} of epoch {epoch}: {found}"
        fault = self.ranks.first_fault(text)
        if fault is not None:
            key, _, evidence = fault.partition("|")
            raise self.stopped([Alarm(Cause.NAN_INPUT, evidence, key)])
        self.share = self.ranks.share(count_samples(batch))
        return to_device(batch, self.device)

    def check_loss(self, parts: Mapping[str, Tensor]) -> dict[str, float]:
        """Give the parts of the loss as numbers, averaged over ranks; stop if it is NaN."""
        loss = parts.get("loss")
        if not isinstance(loss, Tensor) or loss.numel() != 1:
            raise DataError(
                f"training step {self.state.step}: loss_fn gave {sorted(parts)}; "
                "expected 'loss' as a tensor of one number"
            )
        single = {name: torch.as_tensor(part) for name, part in parts.items()}
        single = {name: part for name, part in single.items() if part.numel() == 1}
        flat = [p.detach().to(self.device, torch.float64).reshape(()) for p in single.values()]
        means = self.ranks.mean(torch.stack(flat) * self.share).tolist()
        values = dict(zip(single, means, strict=True))
        if not math.isfinite(values["loss"]):
            alarms = [Alarm(Cause.NAN_LOSS, describe_not_finite(self.model, values))]
            if self.watch is not None and self.watch.exploding:
                evidence = f"in the steps before, the loss rose fast; now {alarms[0].evidence}"
                alarms.append(Alarm(Cause.EXPLODING_GRADIENT, evidence))
            raise self.stopped(alarms)
        return values

    def check_gradients(self, loss: float) -> None:
        """Stop at a gradient that is not finite, explodes, or does not reach a block."""
        bad = [f"{block} ({norm})" for block, norm in self.norms.items() if not math.isfinite(norm)]
        if bad:
            evidence = f"the loss is {loss:.4g}, but not finite is the gradient of {', '.join(bad)}"
            raise self.stopped([Alarm(Cause.EXPLODING_GRADIENT, evidence)])
        if self.watch is None:
            return
        alarms = self.watch.after_backward(loss=loss, norms=self.norms)
        if alarms:
            look = self.watch.look(self.model, self.job.loss_fn, step=self.state.step)
            self.ring(self.watch.explain(alarms, look))

    def after_step(self, rate: float) -> None:
        """Log, look, validate and save where they are due."""
        s, step = self.settings, self.state.step
        if step % s.log_every_steps == 0:
            self.log({"train": self.state.means.take(), "learning_rate": rate})
        if self.watch is not None and self.due(self.watch.settings.every_steps):
            self.look()
        improved = self.due(s.validate_every_steps) and self.validate()
        if improved or self.save_due():
            self.save()

    def due(self, every: int) -> bool:
        """Tell whether something that is done ``every`` steps, or (0) each epoch, is due."""
        return self.state.step % (every or self.steps_per_epoch) == 0

    def save_due(self) -> bool:
        """Tell whether a checkpoint is due by steps or by the clock."""
        s = self.settings
        if s.checkpoint_every_steps and self.state.step % s.checkpoint_every_steps == 0:
            return True
        if not s.checkpoint_every_minutes:
            return False
        seconds = time.monotonic() - self.saved_clock
        return self.ranks.any(seconds > 60.0 * s.checkpoint_every_minutes)

    def look(self) -> None:
        """Let the watch look; stop if it says so, else remember the faults seen just now."""
        if self.watch is None or self.looked_at == self.state.step:
            return
        # rank 0 decides, so that rounding cannot part the ranks
        look = self.ranks.first_of(
            self.watch.look(self.model, self.job.loss_fn, step=self.state.step)
        )
        self.looked_at = self.state.step
        self.faults = tuple(self.watch.faults(look))
        self.log(self.watch.record(look, self.norms))
        self.ring(self.watch.alarms(look))

    def validate(self) -> bool:
        """Score the model (its running mean where there is one); tell whether it is the best."""
        if self.job.validate is None:
            return False
        mean = self.ema.used_by(self.model) if self.ema else contextlib.nullcontext()
        with mean:
            scores = {name: float(value) for name, value in self.job.validate(self.model).items()}
        scores = self.ranks.first_of(scores)
        if "loss" not in scores:
            raise DataError(
                f"validating at step {self.state.step}: validate gave {sorted(scores)}; "
                "expected 'loss' among them, lower is better"
            )
        self.state.scores, self.validated_at = scores, self.state.step
        self.log({"valid": scores})
        best = self.state.best
        improved = math.isfinite(scores["loss"]) and (best is None or scores["loss"] < best["loss"])
        if improved:
            self.state.best = {"step": self.state.step, "loss": scores["loss"]}
        return improved

    def save(self) -> None:
        """Write a checkpoint, move the pointers, remove old ones; refuse weights with NaN."""
        bad = not_finite_weights(self.model)
        if bad:
            evidence = (
                f"the weights {', '.join(bad[:3])} are not finite after step {self.state.step}"
            )
            raise self.stopped([Alarm(Cause.NAN_LOSS, evidence)])
        random = self.ranks.gather(capture_random(self.job.rng))
        seconds = self.elapsed()
        self.saved_at, self.saved_clock = self.state.step, time.monotonic()
        if not self.ranks.is_first:
            return
        epoch, index = divmod(self.state.step, self.steps_per_epoch)
        place = {
            "epoch": epoch,
            "index": index,
            "steps_per_epoch": self.steps_per_epoch,
            "settings": self.settings.model_dump(mode="json"),
        }
        found = self.state.checkpoint(wall_s=seconds, random=random, place=place)
        self.point(write_checkpoint(self.run.path, found))
        prune(self.run.path, self.settings.keep)

    def point(self, folder: Path) -> None:
        """Let ``last``, and if it is the best ``best``, point to a checkpoint."""
        point_to(self.run.path, "last", folder)
        best = self.state.best
        if self.job.validate is None or (best and best["step"] == self.state.step):
            point_to(self.run.path, "best", folder)

    def restore(self) -> None:
        """Go back to the newest whole checkpoint: state, pointers and metrics."""
        if self.ranks.is_first:
            tidy(self.run.path)
            found = newest_checkpoint(self.run.path)
            self.ranks.first_of(found.path)
        else:  # what rank 0 chose, after it has looked
            found = read_checkpoint(self.ranks.first_of(None))
        now = self.settings.model_dump(mode="json")
        refuse_differences(self.run, differences(found.state["settings"], now))
        if found.state["steps_per_epoch"] != self.steps_per_epoch:
            raise RunError(
                f"resuming {self.run.path}: an epoch had {found.state['steps_per_epoch']} steps, "
                f"the data now give {self.steps_per_epoch}",
                hint="resume on the same data with as many processes, or train a new run",
            )
        self.state.take(found, rank=self.ranks.rank)
        self.saved_at = self.state.step
        if self.ranks.is_first:
            trim_metrics(self.run, self.state.step)
            if found.path is not None:
                self.point(found.path)
        _log.info("resumed %s at step %d", self.run.path, self.state.step)

    def finish(self, ended_by: str) -> TrainResult:
        """Look, validate and save a last time, and close the run."""
        self.look()
        self.warn(f"at the end of {self.run.path}", self.faults)
        if self.saved_at != self.state.step or self.validated_at != self.state.step:
            self.validate()
            self.save()
        last = pointed(self.run.path, "last") or self.run.path
        best = pointed(self.run.path, "best") or last
        facts: dict[str, Any] = {
            "step": self.state.step,
            "epoch": self.state.step / self.steps_per_epoch,
            "loss": self.state.means.last.get("loss", math.nan),
            "scores": self.state.scores,
            "best_step": int(self.state.best["step"]) if self.state.best else self.state.step,
            "ended_by": ended_by,
            "wall_s": self.elapsed(),
        }
        self.status("finished", **facts, alarms=[alarm.record() for alarm in self.faults])
        return TrainResult(**facts, alarms=self.faults, best=best, last=last)

    def elapsed(self) -> float:
        """Give the seconds trained so far, over all sittings; the same on every rank."""
        seconds = self.state.wall_s + time.monotonic() - self.clock
        return float(self.ranks.first_of(seconds)) if self.horizon.seconds else seconds

    def log(self, record: Mapping[str, Any]) -> None:
        """Write one line of the metrics."""
        if self.ranks.is_first:
            seconds = self.state.wall_s + time.monotonic() - self.clock
            epoch = self.state.step / self.steps_per_epoch
            place = {"step": self.state.step, "epoch": epoch, "wall_s": round(seconds, 3)}
            self.run.log_metrics({**place, **record})

    def status(self, word: str, **facts: Any) -> None:
        """Set the run's status; a full disk must not hide why it is set."""
        if self.ranks.is_first:
            with contextlib.suppress(RunError, OSError):
                self.run.set_status(word, **{"step": self.state.step, **facts})

    def warn(self, where: str, alarms: Sequence[Alarm]) -> None:
        """Write alarms to the log of the program, once for all ranks."""
        for alarm in alarms if self.ranks.is_first else ():
            _log.warning("%s: %s. %s", where, alarm.says, alarm.evidence)

    def ring(self, alarms: list[Alarm]) -> None:
        """Stop for alarms, or only log them if the watch may not stop."""
        if alarms and self.watch is not None and not self.watch.settings.stop:
            self.warn(f"step {self.state.step}", alarms)
        elif alarms:
            raise self.stopped(alarms)

    def stopped(self, alarms: list[Alarm]) -> TrainingStopped:
        """Make the error that tells why training stops."""
        epoch = self.state.step // self.steps_per_epoch
        return TrainingStopped.because(
            alarms,
            where=f"step {self.state.step} (epoch {epoch})",
            checkpoint=pointed(self.run.path, "last"),
        )
