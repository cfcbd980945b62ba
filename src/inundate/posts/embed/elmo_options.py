"""Options of an ELMo, as they stand in the JSON file beside its weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from inundate.core.errors import DataError
from inundate.core.files import check_input, write_text

__all__ = ["ElmoOptions", "read_options", "write_options"]

#: What a file for using a model says; files for training it say one less.
_N_CHARACTERS = 262


class _Part(BaseModel):
    # files of the original hold many keys of their training, which change no vector
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Characters(_Part):
    dim: int = Field(ge=1)


class _CharCnn(_Part):
    embedding: _Characters
    filters: tuple[tuple[int, int], ...] = Field(min_length=1)
    n_highway: int = Field(ge=0)
    n_characters: Literal[262]
    max_characters_per_token: int = Field(ge=3)
    activation: Literal["relu", "tanh"] = "relu"

    @model_validator(mode="after")
    def _words_fit(self) -> Self:
        widest = max(width for width, _ in self.filters)
        if widest > self.max_characters_per_token:
            raise ValueError(
                f"a filter spans {widest} characters, a word has {self.max_characters_per_token}"
            )
        return self


class _Lstm(_Part):
    dim: int = Field(ge=1)
    projection_dim: int = Field(ge=1)
    n_layers: int = Field(ge=1)
    cell_clip: float = Field(default=0.0, ge=0.0)
    proj_clip: float = Field(default=0.0, ge=0.0)
    use_skip_connections: bool = False


class ElmoOptions(_Part):
    """Sizes and switches of an ELMo; the names are those of the files."""

    lstm: _Lstm
    char_cnn: _CharCnn

    @property
    def width(self) -> int:
        """Numbers of a token vector: both directions."""
        return 2 * self.lstm.projection_dim

    @property
    def layers(self) -> int:
        """Layers that can be mixed: the word itself and those of the LSTMs."""
        return 1 + self.lstm.n_layers

    @classmethod
    def build(
        cls,
        *,
        character_width: int,
        filters: tuple[tuple[int, int], ...],
        highways: int,
        projection: int,
        cells: int,
        layers: int,
        longest_word: int,
    ) -> ElmoOptions:
        """Make options with the clips and residual layers of the published models."""
        lstm = {
            "dim": cells,
            "projection_dim": projection,
            "n_layers": layers,
            "cell_clip": 3.0,
            "proj_clip": 3.0,
            "use_skip_connections": True,
        }
        char_cnn = {
            "embedding": {"dim": character_width},
            "filters": filters,
            "n_highway": highways,
            "n_characters": _N_CHARACTERS,
            "max_characters_per_token": longest_word,
            "activation": "relu",
        }
        return cls.model_validate({"lstm": lstm, "char_cnn": char_cnn})


def read_options(path: Path | str) -> ElmoOptions:
    """Read an options file of AllenNLP or bilm-tf.

    Raises
    ------
    MissingFileError
        If it is absent.
    DataError
        If it is not JSON, or what it says is not an ELMo that can be run here.
    """
    source = check_input(path, what="reading ELMo's options")
    try:
        table: Any = json.loads(source.read_text(encoding="utf-8"))
        return ElmoOptions.model_validate(table)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"reading ELMo's options {source}: not valid JSON ({error})") from error
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, item['loc'])) or 'file'}: {item['msg']}" for item in error.errors()
        ]
        hint = None
        if any("n_characters" in fault for fault in faults):
            hint = f"n_characters must be {_N_CHARACTERS} in options for using a model; files "
            hint += "written by its training say 261: change it there"
        raise DataError(
            f"reading ELMo's options {source}: " + "; ".join(faults), hint=hint
        ) from error


def write_options(path: Path | str, options: ElmoOptions) -> Path:
    """Write options so that other programs can read them."""
    return write_text(path, json.dumps(options.model_dump(mode="json"), indent=2) + "\n")
