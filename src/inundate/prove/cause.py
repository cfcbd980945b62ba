"""Named causes for which a model does not learn, the most specific first."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["RANK", "Cause", "first_thing", "says"]


class Cause(StrEnum):
    """Why a model does not learn, or learns what it should not.

    The order is that of the decision procedure: what comes first explains what comes later, so
    that of several faults the first one is named.
    """

    DOES_NOT_RUN = "does-not-run"
    NOT_FINITE_DATA = "not-finite-data"
    LOADER_STARVES = "loader-starves"
    LOADER_REPEATS = "loader-repeats"
    TARGETS_MISPAIRED = "targets-mispaired"
    TARGET_CONSTANT = "target-constant"
    SHAPE_BROADCAST = "shape-broadcast"
    LOSS_IGNORES = "loss-ignores"
    LOSS_SIGN = "loss-sign"
    LOSS_OUTPUT_MISMATCH = "loss-output-mismatch"
    LOSS_FLOOR = "loss-floor"
    PRECISION = "precision"
    NOT_FINITE_OUTPUT = "not-finite-output"
    OPTIMISER_MISSES = "optimiser-misses"
    WEIGHTS_DO_NOT_MOVE = "weights-do-not-move"
    GRADIENT_ACCUMULATES = "gradient-accumulates"
    DEAD_UNITS = "dead-units"
    SYMMETRIC_START = "symmetric-start"
    AXES_MIXED = "axes-mixed"
    IGNORES_INPUT = "ignores-input"
    NO_GRADIENT = "no-gradient"
    DEAD_INPUT = "dead-input"
    UNIT_SLIP = "unit-slip"
    TARGET_IN_INPUT = "target-in-input"
    SPLIT_LEAK = "split-leak"
    SPLIT_SHIFT = "split-shift"
    OUTPUT_RANGE = "output-range"
    INPUT_SCALE = "input-scale"
    TARGET_SCALE = "target-scale"
    PADDING = "padding"
    BAD_START = "bad-start"
    SATURATED = "saturated"
    VANISHING_GRADIENT = "vanishing-gradient"
    NOISE_TOO_STRONG = "noise-too-strong"
    DECAY_TOO_STRONG = "decay-too-strong"
    MAJORITY_COLLAPSE = "majority-collapse"
    RATE_TOO_HIGH = "rate-too-high"
    RATE_TOO_LOW = "rate-too-low"
    STEP_WRONG = "step-wrong"
    LOADER_SORTED = "loader-sorted"
    TRAIN_EVAL_GAP = "train-eval-gap"
    TARGETS_UNRELATED = "targets-unrelated"
    MEMORISES = "memorises"
    CANNOT_FIT = "cannot-fit"
    METRIC_WRONG = "metric-wrong"
    UNREAD_CONFIG = "unread-config"


RANK = {cause: place for place, cause in enumerate(Cause)}
"""Place of each cause in the decision procedure."""

_TOLD: dict[Cause, tuple[str, str]] = {
    Cause.DOES_NOT_RUN: (
        "the model, its loss or its data cannot be run",
        "mend what the message says; print the shapes and dtypes of one batch",
    ),
    Cause.NOT_FINITE_DATA: (
        "the data hold NaN or infinite values in {subject}",
        "find the samples and leave them out, or mask them in the loss",
    ),
    Cause.LOADER_STARVES: (
        "the data loader gives fewer samples than it should",
        "make it a fresh iterator each epoch, and count what one epoch gives",
    ),
    Cause.LOADER_REPEATS: (
        "the data loader gives the same samples again and again",
        "look at the index that it uses: print which samples are in the first batches",
    ),
    Cause.TARGETS_MISPAIRED: (
        "inputs and targets are not of the same sample: the same input has another target each "
        "epoch",
        "shuffle both by the same permutation",
    ),
    Cause.TARGET_CONSTANT: (
        "all targets are the same",
        "look at what makes the target: a threshold, a unit or a mask leaves nothing of it",
    ),
    Cause.SHAPE_BROADCAST: (
        "output and target differ in shape, and the loss compares each sample with all others",
        "give both the same shape, such as output.squeeze(-1)",
    ),
    Cause.LOSS_IGNORES: (
        "the loss does not depend on {subject}",
        "look at what the loss is computed from; remove detach(), argmax or rounding on the way",
    ),
    Cause.LOSS_SIGN: (
        "the loss is lower for a bad answer than for the right one",
        "turn its sign, or minimise 1 - score",
    ),
    Cause.LOSS_OUTPUT_MISMATCH: (
        "the loss expects another kind of output than the model gives",
        "use one softmax (or sigmoid) in all: cross_entropy takes logits, nll_loss log-softmax",
    ),
    Cause.LOSS_FLOOR: (
        "the loss hardly tells the right answer from a constant one",
        "choose a loss that is 0 for the right answer, or other targets (not cross-entropy on "
        "values between 0 and 1, no threshold that nothing passes)",
    ),
    Cause.PRECISION: (
        "half precision loses the gradient or overflows",
        "keep the weights in float32 and use autocast with a GradScaler, or bfloat16",
    ),
    Cause.NOT_FINITE_OUTPUT: (
        "the output or its gradient is not finite though the data are",
        "look for log, sqrt, division or norm of 0 in {subject}",
    ),
    Cause.OPTIMISER_MISSES: (
        "the optimiser does not hold the weights of {subject}",
        "make it from model.parameters(), after the last layer was replaced",
    ),
    Cause.WEIGHTS_DO_NOT_MOVE: (
        "a step leaves the weights as they were",
        "see that optimizer.step() is called, after backward(), at a rate above 0",
    ),
    Cause.GRADIENT_ACCUMULATES: (
        "gradients add up from step to step",
        "call optimizer.zero_grad() before each backward()",
    ),
    Cause.DEAD_UNITS: (
        "the units of {subject} are dead from the start: they pass nothing on for any sample",
        "set its bias to 0 and draw its weights anew, or use a leaky activation",
    ),
    Cause.SYMMETRIC_START: (
        "the units of {subject} start all alike, so that they stay alike",
        "draw the weights at random: remove zeros_, ones_ or constant_",
    ),
    Cause.NO_GRADIENT: (
        "no gradient reaches {subject}",
        "look for detach(), .data, .item(), no_grad() or numpy on the way, or requires_grad False",
    ),
    Cause.IGNORES_INPUT: (
        "the output does not depend on {subject}",
        "see that it reaches forward, and is not overwritten, multiplied by 0 or sliced away",
    ),
    Cause.DEAD_INPUT: (
        "the input {subject} is empty: always the same in the data",
        "look at what writes it: a failed join, a mask, or a wrong key leaves zeros",
    ),
    Cause.UNIT_SLIP: (
        "some samples of {subject} are in another unit",
        "find the files that differ by that factor and convert them",
    ),
    Cause.AXES_MIXED: (
        "axes are mixed up: {subject}",
        "plot one input over its target; look at the order of rows (y), at transposes, at reshape "
        "and view (which exchange no axes) and at batch_first",
    ),
    Cause.TARGET_IN_INPUT: (
        "the target can be read off the input {subject}",
        "leave that input out: a score with it says nothing",
    ),
    Cause.SPLIT_LEAK: (
        "validation samples are in the training data",
        "split by group (place, author, storm) before cutting and augmenting; remove duplicates",
    ),
    Cause.SPLIT_SHIFT: (
        "validation data are prepared differently from training data in {subject}",
        "use one function, with the training data's constants, for both",
    ),
    Cause.OUTPUT_RANGE: (
        "the output cannot reach the targets: it stays {subject}",
        "remove the last activation, or scale the targets into its range",
    ),
    Cause.INPUT_SCALE: (
        "the inputs are on a scale that the network cannot use: {subject}",
        "scale each channel to mean 0 and standard deviation 1, by constants",
    ),
    Cause.TARGET_SCALE: (
        "the targets are on a scale that the network cannot reach",
        "scale the targets to about 1 and the prediction back",
    ),
    Cause.PADDING: (
        "what fills up {subject} drowns what was said",
        "pack the sequences, mask them, or pool over the places that hold text; a recurrent "
        "network read at its last step needs the padding in front",
    ),
    Cause.BAD_START: (
        "the weights start from where the training cannot get away",
        "draw them as PyTorch does by itself, and start the last bias at the mean target",
    ),
    Cause.SATURATED: (
        "the activations of {subject} are saturated",
        "make the weights or inputs before it smaller, or use a normalisation before it",
    ),
    Cause.VANISHING_GRADIENT: (
        "the gradient fades on its way back: {subject} gets next to nothing",
        "use ReLU-like activations, skip connections or a normalisation; fewer layers",
    ),
    Cause.NOISE_TOO_STRONG: (
        "what is drawn at random in training (dropout, noise of the loader) drowns the signal",
        "take it out until the model learns, then start with a tenth",
    ),
    Cause.DECAY_TOO_STRONG: (
        "weight decay pulls the weights to zero faster than they learn",
        "set weight_decay to 0, then at most 0.01 with AdamW",
    ),
    Cause.RATE_TOO_HIGH: (
        "the learning rate is too high",
        "divide it by {subject}",
    ),
    Cause.RATE_TOO_LOW: (
        "the learning rate is too low",
        "multiply it by {subject}",
    ),
    Cause.STEP_WRONG: (
        "the training step does something else than a plain one, which learns",
        "compare it line by line with zero_grad, loss.backward(), optimizer.step(); look at "
        "clipping, scaling and what is in eval() or no_grad()",
    ),
    Cause.LOADER_SORTED: (
        "batches are sorted: each holds samples of one kind",
        "shuffle the training data each epoch",
    ),
    Cause.MAJORITY_COLLAPSE: (
        "the model always answers the commonest class",
        "weight the loss or draw the batches by class; judge by macro-F1, not accuracy",
    ),
    Cause.TRAIN_EVAL_GAP: (
        "the model works in training mode and not in evaluation mode",
        "look at batch norm (momentum, tiny batches, shared between domains) and at dropout",
    ),
    Cause.TARGETS_UNRELATED: (
        "targets do not follow from inputs",
        "look at ten pairs by eye: labels shuffled, shifted by one, or of another file",
    ),
    Cause.MEMORISES: (
        "the model learns its training samples by heart and nothing else",
        "more or augmented data, a smaller model, weight decay, an earlier stop",
    ),
    Cause.CANNOT_FIT: (
        "the model cannot learn this, at any learning rate",
        "look for a bottleneck: one unit, a pooling that removes what is asked for, a missing "
        "skip connection or activation",
    ),
    Cause.METRIC_WRONG: (
        "the metric is wrong: a perfect prediction does not get its best value",
        "compute it by hand for a perfect, a constant and the worst prediction",
    ),
    Cause.UNREAD_CONFIG: (
        "the settings {subject} are read by nothing",
        "compare their spelling with what the code asks for",
    ),
}


def says(cause: Cause, subject: str = "") -> str:
    """Give a cause in one clause."""
    return _filled(_TOLD[cause][0], subject)


def first_thing(cause: Cause, subject: str = "") -> str:
    """Give the first thing to try."""
    return _filled(_TOLD[cause][1], subject)


def _filled(text: str, subject: str) -> str:
    return text.replace("{subject}", subject or "it")
