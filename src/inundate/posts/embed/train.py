"""Train vectors in a run folder, an epoch at a time; a training that was stopped goes on.

::

    RUN/
      config.toml  manifest.json  metrics.jsonl  log.txt   as every run has them
      corpus/      the numbered corpus, while training
      state/       all that the next epoch depends on, while training
      embedding/   the vectors, which Embedding.open(RUN) opens
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from inundate.core.errors import InundateError, RunError
from inundate.core.files import atomic_folder
from inundate.core.interrupt import Interrupts
from inundate.core.run import Run
from inundate.posts.embed.corpus import Corpus, encode_corpus, open_corpus
from inundate.posts.embed.files import Block
from inundate.posts.embed.folder import write_folder
from inundate.posts.embed.glove import Glove, GloveSettings
from inundate.posts.embed.report import ReadReport
from inundate.posts.embed.word2vec import Word2Vec, Word2VecSettings

__all__ = ["KIND", "train_vectors"]

KIND = "embedding"
_GO_ON = "give the same command again to go on with the last whole epoch"
_ROWS = 65536


class _Training(Protocol):
    name: str

    @property
    def vectors(self) -> np.ndarray[Any, Any]: ...
    def train_epoch(self, epoch: int, on_words: Callable[[int], None]) -> dict[str, float]: ...
    def state(self) -> dict[str, np.ndarray[Any, Any]]: ...
    def restore(self, state: Mapping[str, np.ndarray[Any, Any]]) -> None: ...


def train_vectors(
    texts: Callable[[], Iterable[Sequence[str]]],
    output: Path,
    settings: Word2VecSettings | GloveSettings,
    *,
    inputs: Mapping[str, str],
    info: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    on_words: Callable[[int, int], None] = lambda _done, _total: None,
) -> Run:
    """Train word2vec or GloVe on texts.

    Parameters
    ----------
    texts : callable
        Gives the words of each text, from the beginning.
    output : Path
        The run folder. One that holds the same training, unfinished, is gone on with.
    settings : Word2VecSettings or GloveSettings
    inputs : mapping of str to str
        Name and digest of what the texts are from.
    info : mapping, optional
        How the texts were made into words; belongs to the settings.
    overwrite : bool
        Replace what is there.
    on_words : callable
        Called with the words done and in all.

    Returns
    -------
    Run
        Finished; its vectors are in ``embedding``.

    Raises
    ------
    RunError
        If the folder holds something else, or a training with other settings or texts.
    KeyboardInterrupt
        If stopped; the epochs before are kept.
    """
    name = "word2vec" if isinstance(settings, Word2VecSettings) else "glove"
    config = {"train": {"model": name, **settings.model_dump()}, "texts": dict(info or {})}
    run = _open_run(output, config, inputs, overwrite)
    with run.lock(), Interrupts() as interrupts:
        run.set_status("running")
        try:
            corpus = _corpus(run, texts, settings)
            training = _begin(corpus, settings, interrupts, run)
            first = _restore(run, training)
            left = range(first, settings.epochs)
            _epochs(run, training, left, len(corpus), interrupts, on_words)
            _finish(run, training, corpus, config)
        except InundateError as error:
            run.set_status("failed", reason=str(error))
            raise
    return run


def _open_run(
    output: Path, config: Mapping[str, Any], inputs: Mapping[str, str], overwrite: bool
) -> Run:
    if not (output / "manifest.json").is_file() or overwrite:
        return Run.create(output, kind=KIND, config=config, inputs=inputs, overwrite=overwrite)
    run = Run(output)
    if run.manifest.get("kind") != KIND or run.status == "finished":
        raise RunError(
            f"training vectors into {output}: it holds a run of kind "
            f"{run.manifest.get('kind')!r} that is {run.status}",
            hint="give another -o, or --overwrite to replace it",
        )
    changed = _differences(run.config, config)
    if run.manifest.get("inputs") != dict(inputs):
        changed.append("the texts")
    if changed:
        raise RunError(
            f"going on with {output}: it was begun with other settings ({'; '.join(changed)})",
            hint="give the settings it was begun with, another -o, or --overwrite",
        )
    return run


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    found = []
    for table in ("train", "texts"):
        one, other = before.get(table, {}), now.get(table, {})
        found += [
            f"{key} {one.get(key)!r}, now {other.get(key)!r}"
            for key in sorted({*one, *other})
            if one.get(key) != other.get(key)
        ]
    return found


def _corpus(
    run: Run,
    texts: Callable[[], Iterable[Sequence[str]]],
    settings: Word2VecSettings | GloveSettings,
) -> Corpus:
    folder = run.path / "corpus"
    if folder.is_dir():  # written whole or not at all
        return open_corpus(folder)
    corpus = encode_corpus(
        texts(), folder, min_count=settings.min_count, max_words=settings.max_words
    )
    run.log(f"corpus: {corpus.read:,} words, {len(corpus.words):,} different ones kept")
    return corpus


def _begin(
    corpus: Corpus,
    settings: Word2VecSettings | GloveSettings,
    interrupts: Interrupts,
    run: Run,
) -> _Training:
    if isinstance(settings, Word2VecSettings):
        return Word2Vec(corpus, settings)
    return Glove(corpus, settings, lambda _count: _stop_if_asked(run, interrupts))


def _epochs(
    run: Run,
    training: _Training,
    epochs: range,
    size: int,
    interrupts: Interrupts,
    on_words: Callable[[int, int], None],
) -> None:
    done, total = epochs.start * size, epochs.stop * size

    def advance(count: int) -> None:
        nonlocal done
        done += count
        on_words(done, total)
        _stop_if_asked(run, interrupts)

    for epoch in epochs:
        started = time.monotonic()
        figures = training.train_epoch(epoch, advance)
        seconds = time.monotonic() - started
        with atomic_folder(run.path / "state") as part:
            for name, array in training.state().items():
                np.save(part / f"{name}.npy", array)
            (part / "epoch.txt").write_text(str(epoch + 1), encoding="utf-8")
        run.log_metrics(
            {"epoch": epoch + 1, "wall_s": seconds, "words_per_s": size / seconds, **figures}
        )


def _stop_if_asked(run: Run, interrupts: Interrupts) -> None:
    if interrupts.pending:
        run.set_status("interrupted")
        stop = KeyboardInterrupt()
        stop.add_note(_GO_ON)
        raise stop


def _restore(run: Run, training: _Training) -> int:
    folder = run.path / "state"
    if not folder.is_dir():
        return 0
    names = training.state()
    training.restore({name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in names})
    return int((folder / "epoch.txt").read_text("utf-8"))


def _finish(run: Run, training: _Training, corpus: Corpus, config: Mapping[str, Any]) -> None:
    words = [word.encode("utf-8", "backslashreplace") for word in corpus.words]
    vectors = np.ascontiguousarray(training.vectors)
    blocks = (
        Block(words[k : k + _ROWS], vectors[k : k + _ROWS]) for k in range(0, len(words), _ROWS)
    )
    write_folder(
        run.path / "embedding",
        blocks,
        name=f"{training.name}-{run.path.name}",
        digest=None,
        report=ReadReport(run.path, f"trained by {training.name}", lines=len(words)),
        trained=dict(config),
        corpus={"words": corpus.read, "kept": len(corpus)},
    )
    run.set_status("finished", words=len(words), corpus_words=corpus.read)
    for name in ("corpus", "state"):  # texts as numbers are texts: they go
        shutil.rmtree(run.path / name)
