"""``inundate posts embed elmo|distil|check``: models that read a word with its neighbours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from inundate.cli.flags import Json, Output, Overwrite
from inundate.cli.shell import emit

__all__ = ["check", "distil", "elmo"]

Tokens = Literal["posts", "glove-twitter", "spaces"]
Paths = Annotated[tuple[Path, ...], Parameter(negative=(), consume_multiple=True)]


def elmo(
    *inputs: Path,
    output: Output,
    config: Path | None = None,
    epochs: int | None = None,
    max_minutes: float | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    projection: int | None = None,
    cells: int | None = None,
    layers: int | None = None,
    samples: int | None = None,
    least_count: int | None = None,
    seed: int | None = None,
    tokens: Tokens = "posts",
    text: str | None = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Train an ELMo on texts of your own, in files that AllenNLP reads too.

    A training that was stopped goes on, bit for bit, when the command is given again. Perplexity
    on held-out texts is shown beside those of single words and of pairs of words.

    Parameters
    ----------
    inputs
        Pseudonymised stores, tables (CSV, TSV, JSON lines) with a column of texts, or files with
        one text a line; plain or packed.
    output
        Run folder; the classifier elmo_bilstm takes it as its ELMo.
    config
        TOML file; table [elmo] holds sizes, table [train] the settings of the training.
    epochs
        Times through the corpus; by default 10.
    max_minutes
        Wall-clock budget; by default none.
    batch_size
        Texts in one step; by default 64.
    learning_rate
        Highest learning rate; by default 0.006.
    projection
        Numbers of one direction's output; a token has twice these; by default 64.
    cells
        Cells of an LSTM; by default 256.
    layers
        LSTM layers of each direction; by default 2.
    samples
        Words drawn in each step to compare the true one with; by default 0: all words.
    least_count
        Rarer words are predicted as one unknown word; by default 2.
    seed
        Of all random numbers; by default 0.
    tokens
        How texts become words: as posts, as GloVe Twitter does, or at blanks alone.
    text
        Column of the texts, where it cannot be found.

    Examples
    --------
    ``inundate posts embed elmo safe -o runs/elmo --epochs 5``
    """
    from inundate.core.config import resolve_settings
    from inundate.posts.embed.elmo_run import open_elmo_run
    from inundate.posts.embed.elmo_train import ElmoSettings, ElmoTrainSettings, train_elmo
    from inundate.posts.embed.texts import open_texts

    sizes = {
        "projection": projection, "cells": cells, "layers": layers, "samples": samples,
        "least_count": least_count,
    }  # fmt: skip
    pace = {
        "epochs": epochs, "max_minutes": max_minutes, "batch_size": batch_size,
        "learning_rate": learning_rate, "seed": seed,
    }  # fmt: skip
    settings = resolve_settings(ElmoSettings, toml=config, table="elmo", flags=_given(sizes))
    training = resolve_settings(ElmoTrainSettings, toml=config, table="train", flags=_given(pace))
    texts = open_texts(inputs, tokens=tokens, column=text)
    run, resume = open_elmo_run(
        output,
        settings,
        training,
        inputs=texts.digests(),
        info=texts.describe(),
        overwrite=overwrite,
    )
    found = train_elmo(
        list(texts),
        settings,
        run,
        training=training,
        tokeniser=texts.describe(),
        resume=resume,
        progress=not json,
    )
    figures = {
        "output": str(output),
        "model": str(found.folder),
        "epochs": found.epochs,
        "steps": found.steps,
        **found.scores,
        "assumed": texts.assumed,
    }
    emit(figures, json=json, text=lambda: _elmo_text(figures))


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in flags.items() if value is not None}


def _elmo_text(figures: dict[str, Any]) -> str:
    lines = [
        f"{figures['model']}: trained for {figures['epochs']:.3g} epochs, {figures['steps']} steps",
        f"  perplexity on held-out texts: {figures['perplexity_forwards']:.1f} forwards, "
        f"{figures['perplexity_backwards']:.1f} backwards",
        f"  pairs of words {figures['bigram']:.1f}, single words {figures['unigram']:.1f}",
    ]
    lines += [f"  assumed: {what}" for what in figures["assumed"]]
    return "\n".join(lines)


def distil(
    model: str,
    *,
    corpus: Paths,
    output: Output,
    width: int | None = None,
    weights: Literal["sif", "zipf", "none"] | None = None,
    min_count: int = 2,
    max_words: int = 50_000,
    tokens: Tokens = "posts",
    text: str | None = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Distil an encoder into one vector a word: fast, and blind to context.

    Each word of the corpus goes through the encoder once; the result is an embedding like any
    other, so that every classifier over words can take it.

    Parameters
    ----------
    model
        Local folder of an encoder of the BERT family, or a name such as minilm.
    corpus
        Stores, tables or files of texts whose words get vectors.
    output
        Folder of the embedding.
    width
        Numbers a word; by default 256, or as many as the encoder has if these are fewer.
    weights
        How common words are made short: by their counts (sif, the default), by rank, or not.
    min_count
        Rarer words are left out.
    max_words
        Words at most.
    tokens
        How texts become words.
    text
        Column of the texts, where it cannot be found.

    Examples
    --------
    ``inundate posts embed distil minilm --corpus safe -o vectors/minilm-words``
    """
    from inundate.core.config import resolve_settings
    from inundate.core.errors import ConfigError
    from inundate.posts.embed.bert import BertEmbedding
    from inundate.posts.embed.distil import DistilSettings, common_words
    from inundate.posts.embed.distil import distil as distil_into
    from inundate.posts.embed.sentence import open_contextual
    from inundate.posts.embed.texts import open_texts

    texts = open_texts(corpus, tokens=tokens, column=text)
    opened = open_contextual(model, progress=not json)
    if not isinstance(opened, BertEmbedding):
        raise ConfigError(
            f"distilling {model}: it is an ELMo, expected an encoder of the BERT family",
            hint="take a folder with config.json and model.safetensors, or minilm",
        )
    counts = common_words(texts, least=min_count, most=max_words)
    wanted = min(DistilSettings().width, opened.width) if width is None else width
    flags = _given({"width": wanted, "weights": weights})
    settings = resolve_settings(DistilSettings, flags=flags)
    folder = distil_into(opened, counts, output, settings=settings, overwrite=overwrite)
    figures = {
        "output": str(folder),
        "model": opened.describe(),
        "words": len(counts),
        "width": settings.width,
        "weights": settings.weights,
        "assumed": texts.assumed,
    }
    emit(figures, json=json, text=lambda: _distil_text(figures))


def _distil_text(figures: dict[str, Any]) -> str:
    lines = [
        f"{figures['output']}: {figures['words']:,} words of {figures['width']} numbers, distilled "
        f"from {figures['model']['name']}"
    ]
    return "\n".join(lines + [f"  assumed: {what}" for what in figures["assumed"]])


def check(model: str, *, json: Json = False) -> None:
    """Tell what a contextual model is, and whether bfloat16 pays on this machine.

    Parameters
    ----------
    model
        Local folder of an ELMo or of an encoder of the BERT family, the run that trained an
        ELMo, or a name such as minilm. Nothing is fetched, and no code or pickle is loaded.

    Examples
    --------
    ``inundate posts embed check minilm``
    """
    from inundate.posts.embed.sentence import open_contextual

    found = open_contextual(model, precision="auto").describe()
    emit(found, json=json, text=lambda: _check_text(found))


def _check_text(found: dict[str, Any]) -> str:
    lines = [f"{found['name']}: {found['kind']}, {found['width']} numbers a token"]
    if found["kind"] == "elmo":
        lines.append(f"  {found['layers']} layers, of which the classifier learns a mix")
    else:
        told = found["precision_check"]
        lines.append(f"  {told['reason']}; smallest cosine {told['cosine']:.5f}")
        lines.append(f"  so precision 'auto' runs in {found['precision']} here")
    return "\n".join([*lines, f"  digest {found['digest'][:16]}"])
