"""``inundate posts embed``: train vectors of words, and convert files of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from inundate.cli.flags import Json, Output, Overwrite
from inundate.cli.shell import emit

__all__ = ["about", "about_text", "convert", "train"]

Model = Literal["skip-gram", "cbow", "glove"]
Tokens = Literal["posts", "glove-twitter", "spaces"]


def train(
    *inputs: Path,
    output: Output,
    model: Model = "skip-gram",
    config: Path | None = None,
    width: int | None = None,
    window: int | None = None,
    negative: int | None = None,
    epochs: int | None = None,
    min_count: int | None = None,
    max_words: int | None = None,
    sample: float | None = None,
    rate: float | None = None,
    seed: int | None = None,
    tokens: Tokens = "posts",
    text: str | None = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Train vectors of words on texts of your own: word2vec or GloVe.

    A training that was stopped, by whatever, goes on with the last whole epoch when the command is
    given again. The same seed on the same machine gives the same vectors, bit for bit.

    Parameters
    ----------
    inputs
        Pseudonymised stores, tables (CSV, TSV, JSON lines) with a column of texts, or files with
        one text a line; plain or packed.
    output
        Run folder; other commands take it as an embedding.
    model
        word2vec by skip-gram (better for rare words) or CBOW (quicker), or GloVe.
    config
        TOML file; table [embed] holds the settings below.
    width
        Numbers a word; by default 100.
    window
        Words to each side; by default 5, of GloVe 10.
    negative
        Of word2vec: words drawn to be pushed away for each that is pulled near; by default 5.
    epochs
        Times through the corpus; by default 5, of GloVe 25.
    min_count
        Rarer words are left out; by default 5.
    max_words
        Different words at most; by default a million, of GloVe 400,000.
    sample
        Of word2vec: words of a larger share of the corpus are skipped now and then; by default
        0.001.
    rate
        Learning rate; by default 0.025, of GloVe 0.05.
    seed
        Of all random numbers; by default 0.
    tokens
        How texts become words: as posts, as GloVe Twitter does, or at blanks alone.
    text
        Column of the texts, where it cannot be found.

    Examples
    --------
    ``inundate posts embed train safe -o vectors/own --width 50 --epochs 10``
    ``inundate posts embed train texts.txt.gz -o vectors/glove --model glove --tokens spaces``
    """
    from inundate.core.config import resolve_settings
    from inundate.core.progress import Progress
    from inundate.posts.embed.glove import GloveSettings
    from inundate.posts.embed.texts import open_texts
    from inundate.posts.embed.train import train_vectors
    from inundate.posts.embed.word2vec import Word2VecSettings

    given: dict[str, Any] = {
        "width": width, "window": window, "negative": negative, "epochs": epochs,
        "min_count": min_count, "max_words": max_words, "sample": sample, "rate": rate,
        "seed": seed,
    }  # fmt: skip
    given = {name: value for name, value in given.items() if value is not None}
    cls = GloveSettings if model == "glove" else Word2VecSettings
    if model != "glove":
        given["method"] = model
    settings: Any = resolve_settings(cls, toml=config, table="embed", flags=given)
    texts = open_texts(inputs, tokens=tokens, column=text)
    with Progress("embed", total=1.0, enabled=not json) as bar:
        run = train_vectors(
            lambda: texts,
            output,
            settings,
            inputs=texts.digests(),
            info=texts.describe(),
            overwrite=overwrite,
            on_words=lambda done, total: bar.update(done / total),
        )
    last = run.read_metrics()[-1]
    figures = {
        "output": str(output),
        "model": model,
        "words": run.manifest["words"],
        "width": settings.width,
        "corpus_words": run.manifest["corpus_words"],
        "epochs": settings.epochs,
        "loss": last["loss"],
        "words_per_s": last["words_per_s"],
        "assumed": texts.assumed,
    }
    emit(figures, json=json, text=lambda: _train_text(figures))


def _train_text(figures: dict[str, Any]) -> str:
    lines = [
        f"{figures['output']}: {figures['model']}, {figures['words']:,} words of "
        f"{figures['width']} numbers, from {figures['corpus_words']:,} running words",
        f"  loss {figures['loss']:.4g} in epoch {figures['epochs']}, "
        f"{figures['words_per_s']:,.0f} words/s",
    ]
    lines += [f"  assumed: {what}" for what in figures["assumed"]]
    lines.append(f"look at it: inundate posts embed look {figures['output']} --word flood")
    return "\n".join(lines)


def convert(
    vectors: str, *, output: Output, overwrite: Overwrite = False, json: Json = False
) -> None:
    """Convert a file of vectors into a folder that opens at once.

    The folder is memory-mapped, checked by digests, and the same as in the cache that other
    commands fill by themselves; words that come twice and broken lines are told.

    Parameters
    ----------
    vectors
        GloVe or word2vec text, word2vec binary (plain, gzip, zip, zstd; archive.zip/name where an
        archive holds several), .npy with a list of words beside it, or a name such as glove-6b-50d.
    output
        Folder.

    Examples
    --------
    ``inundate posts embed convert glove.6B.zip/glove.6B.100d.txt -o vectors/glove-100``
    """
    from inundate.core.errors import ConfigError
    from inundate.core.files import check_output
    from inundate.posts.embed.cache import resolve_source
    from inundate.posts.embed.folder import write_folder
    from inundate.posts.embed.report import ReadReport
    from inundate.posts.embed.source import digest_files
    from inundate.posts.embed.static import Embedding

    source = resolve_source(vectors)
    if isinstance(source, Path):
        raise ConfigError(
            f"converting {vectors}: it is a folder of this form already",
            hint="copy the folder as it is",
        )
    target = check_output(output, overwrite)
    report = ReadReport(source.paths[0])
    write_folder(
        target,
        source.blocks(report),
        name=source.name,
        digest=digest_files(*source.paths, member=source.member),
        report=report,
    )
    made = Embedding.open(target)
    figures = {"output": str(target), **about(made)}
    emit(figures, json=json, text=lambda: about_text(str(target), figures))


def about(embedding: Any) -> dict[str, Any]:
    """Give what is told of every embedding.

    Parameters
    ----------
    embedding : Embedding
    """
    return {
        "name": embedding.name,
        "words": len(embedding),
        "width": embedding.width,
        "digest": embedding.digest,
        "read": embedding.meta["read"],
    }


def about_text(vectors: str, figures: dict[str, Any]) -> str:
    """Lay out :func:`about` for people.

    Parameters
    ----------
    vectors : str
        What the user called them.
    figures : dict
    """
    read = figures["read"]
    lines = [
        f"{vectors}: {figures['words']:,} words of {figures['width']} numbers ({read['format']}), "
        f"digest {figures['digest'][:16]}"
    ]
    if read["duplicates"]:
        lines.append(f"  {read['duplicates']:,} words came again; the first one counts")
    if read["broken"]:
        lines.append(f"  {read['broken']:,} of {read['lines']:,} lines are broken and left out:")
        lines += [f"    line {one['line']}: {one['reason']}" for one in read["first_broken"][:5]]
    return "\n".join(lines)
