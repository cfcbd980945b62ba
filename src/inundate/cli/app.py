"""The command ``inundate``: registers every command lazily and turns errors into exit codes."""

from __future__ import annotations

import inspect
import os
import sys
from typing import Any

from cyclopts import App
from cyclopts.exceptions import CycloptsError, UnknownCommandError

from inundate import __version__
from inundate.core.errors import ConfigError, DataError, InundateError, format_error, nearest

__all__ = ["COMMANDS", "GROUPS", "app", "main", "run"]

# command path -> (import path, one line of help); lazy, so that --help loads nothing
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("inundate.cli.demo:demo", "The whole chain on bundled input, in minutes."),
    "rain describe": ("inundate.cli.rain_read:describe", "Say what a radar file or folder holds."),
    "rain convert": ("inundate.cli.rain_read:convert", "Convert radar to Zarr or NetCDF."),
    "rain clean": ("inundate.cli.rain_make:clean", "Remove clutter and fill short gaps, recorded."),
    "rain crop": ("inundate.cli.rain_make:crop", "Cut a box, given in any CRS."),
    "rain regrid": ("inundate.cli.rain_make:regrid", "Regrid rain conservatively to a terrain."),
    "rain design": ("inundate.cli.rain_make:design", "Make a design storm."),
    "rain augment": ("inundate.cli.rain_make:augment", "Move, rotate, flip or scale a storm."),
    "rain nowcast": ("inundate.cli.rain_nowcast:nowcast", "The next hour of rain, an ensemble."),
    "rain verify": ("inundate.cli.rain_nowcast:verify", "Score nowcasts of a past series."),
    "terrain describe": ("inundate.cli.terrain:describe", "Say what a heightmap holds."),
    "terrain merge": ("inundate.cli.terrain:merge", "Merge tiles into one heightmap."),
    "terrain crop": ("inundate.cli.terrain:crop", "Cut a box, or bring a heightmap to metres."),
    "terrain derive": ("inundate.cli.terrain:derive", "Write the derived features of a heightmap."),
    "terrain synthesise": ("inundate.cli.terrain:synthesise", "Make a synthetic heightmap."),
    "simulate": ("inundate.cli.simulate:simulate", "Flood a heightmap with rain: the solver."),
    "ensemble run": ("inundate.cli.ensemble:run", "Simulate many members over cores or a cluster."),
    "ensemble summarise": (
        "inundate.cli.ensemble:summarise",
        "Mean, quantiles and probability of the members.",
    ),
    "calibrate": ("inundate.cli.calibrate:calibrate", "Fit roughness to observed levels."),
    "check": ("inundate.cli.check:check", "Hold the solver against exact solutions."),
    "exchange describe": (
        "inundate.cli.exchange:describe",
        "Say what files of another flood model hold.",
    ),
    "exchange import": ("inundate.cli.exchange:import_", "Bring in a case or its results."),
    "exchange export": ("inundate.cli.exchange:export", "Write a case for another flood model."),
    "dataset build": ("inundate.cli.dataset:build", "Cut simulations into samples and splits."),
    "dataset describe": ("inundate.cli.dataset:describe", "Say what a dataset holds."),
    "dataset audit": ("inundate.cli.dataset:audit", "Look for leakage, dead channels, unit slips."),
    "train": ("inundate.cli.train:train", "Train an emulator."),
    "weights list": ("inundate.cli.weights:list_weights", "List the weights that ship."),
    "weights card": ("inundate.cli.weights:card", "Show a model card."),
    "weights export": ("inundate.cli.weights:export", "Write what a prediction needs of a run."),
    "tune": ("inundate.cli.tune:tune", "Try settings of an emulator, and tell what that bought."),
    "resume": ("inundate.cli.train:resume", "Go on with an interrupted training, bit for bit."),
    "spread": ("inundate.cli.spread:spread", "Calibrate how sure a trained run is."),
    "predict": ("inundate.cli.predict:predict", "Predict the flood of a storm on a heightmap."),
    "evaluate": ("inundate.cli.evaluate:evaluate", "Score a run beside every baseline."),
    "posts import": ("inundate.cli.posts:import_", "Import posts of social media into a store."),
    "posts collect": ("inundate.cli.posts_collect:collect", "Collect posts from a platform."),
    "posts recheck": (
        "inundate.cli.posts_collect:recheck",
        "Look again which collected posts are deleted now.",
    ),
    "posts anonymise": ("inundate.cli.posts_anonymise:anonymise", "Pseudonymise a raw store."),
    "posts verify": ("inundate.cli.posts_anonymise:verify", "Check a pseudonymised store."),
    "posts forget": ("inundate.cli.posts_anonymise:forget", "Forget an author, or the key."),
    "posts describe": ("inundate.cli.posts:describe", "Say what a store of posts holds."),
    "posts classify": ("inundate.cli.posts_classify:classify", "Let a model classify posts."),
    "posts calibrate": (
        "inundate.cli.posts_calibrate:calibrate",
        "Make a model as sure as it is right.",
    ),
    "posts adapt": ("inundate.cli.posts_adapt:adapt", "Teach a model the words of a new event."),
    "posts label": ("inundate.cli.posts_label:label", "Ask people about posts."),
    "posts locate": ("inundate.cli.posts_locate:locate", "Say where posts are."),
    "posts topics": ("inundate.cli.posts_topics:topics", "Say what posts are about, and when."),
    "posts train": ("inundate.cli.posts_train:train", "Train a classifier of posts."),
    "posts embed train": ("inundate.cli.posts_embed:train", "Train vectors of words on texts."),
    "posts embed convert": ("inundate.cli.posts_embed:convert", "Convert a file of vectors."),
    "posts embed look": ("inundate.cli.posts_embed_look:look", "Look at vectors of words."),
    "posts embed compare": ("inundate.cli.posts_embed_look:compare", "Compare two embeddings."),
    "posts embed elmo": ("inundate.cli.posts_embed_models:elmo", "Train an ELMo on texts."),
    "posts embed distil": (
        "inundate.cli.posts_embed_models:distil",
        "Distil an encoder into vectors of words.",
    ),
    "posts embed check": (
        "inundate.cli.posts_embed_models:check",
        "Tell what a contextual model is, and how it may run here.",
    ),
    "posts evaluate": (
        "inundate.cli.posts_evaluate:evaluate",
        "Score a model of posts beside what it must beat.",
    ),
    "fuse check": ("inundate.cli.fuse:check", "Hold a forecast against what people report."),
    "fuse context": ("inundate.cli.fuse:context", "Depth and rain where posts were written."),
    "fuse weigh": ("inundate.cli.fuse:weigh", "Weigh an ensemble by what people report."),
    "map": ("inundate.cli.map:map_", "Write one HTML map that opens offline."),
    "serve": ("inundate.cli.serve:serve", "Show a folder that fills up as a live map."),
    "replay": ("inundate.cli.replay:replay", "Play a recorded event as live data, or make one up."),
    "export": ("inundate.cli.export:export", "Write a flood and posts for QGIS and others."),
    "report": ("inundate.cli.report:report", "Write the report of a run, collection or event."),
    "doctor": ("inundate.cli.doctor:doctor", "Say why a model does not learn."),
    "benchmark": ("inundate.cli.benchmark:benchmark", "Make the figures of the documentation."),
}  # fmt: skip

GROUPS = {
    "rain": "Rainfall radar and design storms.",
    "terrain": "Heightmaps.",
    "ensemble": "Many simulations, perturbed and together.",
    "exchange": "Files of other flood models: HAIL-CAESAR, LISFLOOD-FP, SFINCS.",
    "dataset": "Samples for the emulator.",
    "posts": "Posts of social media: collect, import, pseudonymise, describe.",
    "posts embed": "Vectors of words and posts: train, convert, look, compare, distil.",
    "weights": "Trained weights to predict with.",
    "fuse": "Posts and depth together: check a forecast, weigh an ensemble.",
}


def _build() -> App:
    root = App(
        name="inundate",
        help="Where the water is: rainfall radar and a heightmap in, a scored flood map out.",
        version=__version__,
        help_format="plaintext",  # no markup parser to load
        suppress_keyboard_interrupt=False,  # main says how to go on
    )
    groups = {name: App(name=name.split()[-1], help=text) for name, text in GROUPS.items()}
    for name, group in groups.items():
        parent = name.rpartition(" ")[0]
        (groups[parent] if parent else root).command(group)
    for path, (target, text) in COMMANDS.items():
        parent, _, name = path.rpartition(" ")
        (groups[parent] if parent else root).command(target, name=name, help=text)
    return root


app = _build()


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and give the exit code.

    Parameters
    ----------
    arguments : list of str, optional
        By default ``sys.argv[1:]``.
    """
    tokens = sys.argv[1:] if arguments is None else arguments
    try:
        asked = bool({"--help", "-h"} & set(tokens))
        examples = _help(_command_words(tokens)) if asked else ""
        app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
        if examples:
            print(examples)
    except CycloptsError as error:
        words = _command_words(tokens)
        hint = " ".join(["inundate", *words, "--help"])
        return _fail(ConfigError(_parse_message(error, words), hint=hint))
    except InundateError as error:
        return _fail(error)
    except KeyboardInterrupt as error:
        if _is_first():
            print(f"interrupted{_resume_hint(error)}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0
    except MemoryError as error:
        return _fail(_memory_error(error))
    except Exception as error:  # noqa: BLE001  a bug: one short line, the traceback in a file
        return _bug(error)
    return 0


def _help(words: list[str]) -> str:
    """Let a command's own help show its docstring, not the line of the listing; give the example.

    The example is not left to cyclopts, which drops it and would break a command over lines.
    """
    if " ".join(words) not in COMMANDS:
        return ""
    node: Any = app
    for word in words:
        node = node[word]
    node.help = None  # cyclopts then takes the docstring
    _, _, examples = (inspect.getdoc(node.default_command) or "").partition(
        "\nExamples\n--------\n"
    )
    lines = examples.strip().replace("``", "").splitlines()
    return "\n".join(["", "Examples:", *(f"  {line}" for line in lines)])


def _parse_message(error: CycloptsError, words: list[str]) -> str:
    from pydantic import ValidationError

    if isinstance(error, UnknownCommandError):  # its own text would load every command
        return _unknown_command(next(iter(error.unused_tokens or ["?"])), words)
    cause: Any = error.__cause__ or error.__context__
    if isinstance(cause, ValidationError):
        return "; ".join(_fault(item) for item in cause.errors())
    return " ".join(str(error).split())


def _fault(item: Any) -> str:
    says = str(item["msg"]).removeprefix("Value error, ")
    if not item["loc"]:  # of all settings together
        return says
    return f"--{str(item['loc'][-1]).replace('_', '-')} {item['input']!r}: {says}"


def _unknown_command(token: str, words: list[str]) -> str:
    prefix = " ".join(words)
    kind = "option" if token.startswith("-") else "command"
    choices = sorted(
        {path.removeprefix(prefix).split()[0] for path in COMMANDS if path.startswith(prefix)}
        if kind == "command"
        else ["--help", "--version"]
    )
    close = nearest(token, choices)
    advice = f"did you mean {close!r}?" if close else f"expected one of {', '.join(choices)}"
    return f"{' '.join(['inundate', *words])}: no {kind} {token!r}; {advice}"


def _command_words(tokens: list[str]) -> list[str]:
    """Give the leading tokens that name a command or a group of commands."""
    words: list[str] = []
    for token in tokens:
        path = " ".join([*words, token])
        if not any(known == path or known.startswith(path + " ") for known in COMMANDS):
            break
        words.append(token)
    return words


def _fail(error: InundateError) -> int:
    if _is_first():
        print(format_error(error), file=sys.stderr)
    elif type(error) in (DataError, InundateError):  # of other kinds all processes have the same
        print(f"process {os.environ['RANK']}: {format_error(error)}", file=sys.stderr)
    return error.exit_code


def _is_first() -> bool:
    """Whether this process prints: of those that torchrun started, the first."""
    return os.environ.get("RANK", "0") == "0"


def _memory_error(error: MemoryError) -> InundateError:
    return InundateError(
        f"this machine's memory is not enough: {error or 'no more could be had'}",
        hint="cut the area, lengthen the interval between frames or shorten the time",
    )


def _resume_hint(error: BaseException) -> str:
    notes = getattr(error, "__notes__", [])
    return f"; {notes[0]}" if notes else ""


def _bug(error: Exception) -> int:
    import tempfile
    import traceback
    from pathlib import Path

    with tempfile.NamedTemporaryFile(
        "w", prefix="inundate-", suffix=".log", delete=False, encoding="utf-8"
    ) as stream:
        stream.write("".join(traceback.format_exception(error)))
    place = Path(stream.name)
    print(
        f"error: a fault inside inundate: {type(error).__name__}: {error}\n"
        f"  traceback: {place}\n"
        "  hint: report it with that file and the command",
        file=sys.stderr,
    )
    return 1


def run() -> None:
    """Entry point of the console script; SIGTERM, as batch systems send it, ends as Ctrl-C does."""
    import signal

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:  # not where somebody ignores it
        signal.signal(signal.SIGTERM, interrupt)
    sys.exit(main())


if __name__ == "__main__":
    run()
