"""A network over words as the doctor wants it: fresh weights, and posts as padded numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from inundate.core.errors import ConfigError
from inundate.learn.random_state import isolated_random
from inundate.posts.classify.networks import WordNetwork
from inundate.posts.classify.zoo import make_classifier
from inundate.posts.labelled.table import LabelledPosts

__all__ = ["doctor_case", "doctor_loaders"]


def doctor_case(
    name: str, posts: LabelledPosts, *, seed: int = 0, **settings: Any
) -> dict[str, Any]:
    """Give a network with fresh weights, for the factory of ``inundate doctor``.

    Parameters
    ----------
    name : str
        Classifier over words, such as ``bilstm`` or ``original_lstm``.
    posts : LabelledPosts
        Training posts.
    seed : int
    **settings
        Of the classifier.

    Returns
    -------
    dict
        ``model``, ``optimiser`` and ``call``.

    Raises
    ------
    ConfigError
        If the classifier is no network over words.
    """
    classifier, _ = _prepared(name, posts, seed, settings)
    return {"model": classifier.network, "optimiser": _optimiser(classifier), "call": _call}


def doctor_loaders(
    name: str,
    train: LabelledPosts,
    valid: LabelledPosts,
    *,
    seed: int = 0,
    **settings: Any,
) -> tuple[DataLoader[Any], DataLoader[Any]]:
    """Give training and validation batches of rows (B, L), zeros behind, and classes (B,).

    Parameters
    ----------
    name, train, seed, **settings
        As for :func:`doctor_case`.
    valid : LabelledPosts
    """
    classifier, tokens = _prepared(name, train, seed, settings)
    longest = classifier.settings.longest

    def filled(inputs: dict[str, Tensor]) -> Tensor:
        rows = inputs["rows"]
        return torch.nn.functional.pad(rows, (0, longest - rows.shape[1]))

    # new words of the validation have no row in the factory's table: they are nothing to it
    known = {word for found in tokens for word in found}
    other = [[word for word in found if word in known] for found in classifier.tokens(valid.texts)]
    parts = ((tokens, train.labels), (other, valid.labels))
    data = [
        TensorDataset(filled(classifier.inputs(texts)), torch.from_numpy(np.array(labels)))
        for texts, labels in parts
    ]
    size = classifier.settings.batch_size
    generator = torch.Generator().manual_seed(seed)
    return (
        DataLoader(data[0], size, shuffle=True, generator=generator),
        DataLoader(data[1], size),
    )


def _prepared(
    name: str, posts: LabelledPosts, seed: int, settings: dict[str, Any]
) -> tuple[WordNetwork, list[list[str]]]:
    classifier = make_classifier(name, **settings)
    if not isinstance(classifier, WordNetwork):
        raise ConfigError(
            f"making a case for the doctor: {name} is no network over words",
            hint="take lstm, bilstm, transformer or original_lstm",
        )
    with isolated_random(seed, "weights"):
        tokens = classifier.prepare(posts)
    classifier.inputs(tokens)
    return classifier, tokens


def _optimiser(classifier: WordNetwork) -> Callable[[Any], torch.optim.Optimizer]:
    s = classifier.settings
    return lambda model: torch.optim.AdamW(
        model.parameters(), lr=s.learning_rate, weight_decay=s.weight_decay
    )


def _call(model: Any, inputs: Any) -> Tensor:
    rows = inputs if isinstance(inputs, Tensor) else next(iter(inputs.values()))  # (B, L)
    lengths = (rows != 0).sum(1)
    logits: Tensor = model({"rows": rows, "length": lengths})
    return logits
