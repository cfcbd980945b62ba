"""Encoders of the BERT family from a local folder: no network, no code and no pickle of others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from inundate.core.errors import DataError, MissingFileError, nearest, require_extra
from inundate.core.files import check_input

__all__ = [
    "FAMILIES",
    "build_network",
    "check_config",
    "config_of",
    "digest_of",
    "load_network",
    "put_weights",
    "read_config",
    "write_network",
]

#: Values of ``model_type`` that can be run: encoders that see the whole post at once.
FAMILIES = ("bert", "camembert", "distilbert", "electra", "mpnet", "roberta", "xlm-roberta")
#: Parts that some files lack and nothing here uses.
_UNUSED = ("pooler.",)
#: Keys of a configuration that say how its writer ran the model, not what it is.
_NOT_OURS = ("model_type", "dtype", "torch_dtype", "quantization_config")
_PICKLES = ("pytorch_model*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")


def read_config(folder: Path | str) -> dict[str, Any]:
    """Read ``config.json`` and check that it is an encoder that can be run here.

    Raises
    ------
    MissingFileError
        If the folder or the file is absent.
    DataError
        If it is not JSON, of another family, a decoder, or asks for code of its own.
    """
    place = check_input(folder, what="opening an encoder in")
    file = place / "config.json"
    if not file.is_file():
        raise MissingFileError(
            f"opening an encoder in {place}: no config.json",
            hint="give the folder with config.json, model.safetensors and tokenizer.json",
        )
    try:
        config: Any = json.loads(file.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"reading {file}: not valid JSON ({error})") from error
    return check_config(config, where=f"reading {file}")


def check_config(config: Any, *, where: str) -> dict[str, Any]:
    """Check that a configuration is that of an encoder that can be run here.

    Raises
    ------
    DataError
        If it is of another family, a decoder, or asks for code of its own.
    """
    family = config.get("model_type") if isinstance(config, dict) else None
    if family not in FAMILIES:
        close = nearest(str(family), FAMILIES)
        raise DataError(
            f"{where}: model_type is {family!r}, expected one of {', '.join(FAMILIES)}",
            hint=f"did you mean {close!r}?" if close else "take an encoder of one of these",
        )
    if config.get("auto_map"):
        raise DataError(
            f"{where}: the model asks for program code that comes with it (auto_map)",
            hint="code from model folders is never run; take a model of a plain family",
        )
    if config.get("is_decoder"):
        raise DataError(
            f"{where}: the model is a decoder, expected an encoder",
            hint="a decoder does not see what follows a word; take an encoder",
        )
    return dict(config)


def load_network(folder: Path | str) -> nn.Module:
    """Build the encoder of a folder, with its weights in float32.

    Raises
    ------
    MissingFileError
        If there are no weights in safetensors; weights in pickle files are named but not read.
    DataError
        If the weights are damaged, or leave a part of the encoder without values.
    MissingExtraError
        If ``transformers`` is not installed.
    """
    place = Path(folder)
    network = build_network(read_config(place))
    put_weights(network, _read_tensors(place), where=str(place))
    return network.eval()


def build_network(config: Mapping[str, Any]) -> nn.Module:
    """Build the encoder of a configuration that was checked, with random weights.

    Raises
    ------
    MissingExtraError
        If ``transformers`` is not installed.
    """
    transformers = require_extra("text", "transformers", what="running an encoder")
    table = {
        key: value
        for key, value in config.items()
        if key not in _NOT_OURS and not key.startswith("_")
    }
    made = transformers.AutoConfig.for_model(config["model_type"], **table)
    network: nn.Module = transformers.AutoModel.from_config(made, trust_remote_code=False)
    if getattr(network, "pooler", None) is not None:
        network.pooler = None  # type: ignore[assignment]  # of no use, and often not trained
    return network.float()


def _read_tensors(folder: Path) -> dict[str, Tensor]:
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        pickles = sorted(file.name for kind in _PICKLES for file in folder.glob(kind))
        found = f"found {', '.join(pickles)}" if pickles else "no weights found"
        raise MissingFileError(
            f"opening an encoder in {folder}: {found}, expected model.safetensors",
            hint="pickle files can run code, so they are not read; convert them once where you "
            "trust them: transformers.AutoModel.from_pretrained(FOLDER).save_pretrained(NEW), "
            "which writes safetensors"
            if pickles
            else "fetch model.safetensors of the model into this folder",
        )
    tensors: dict[str, Tensor] = {}
    for file in files:
        try:
            tensors.update(load_file(file))
        except (SafetensorError, OSError) as error:
            raise DataError(
                f"reading {file}: not whole safetensors ({error})", hint="fetch the file again"
            ) from error
    return tensors


def put_weights(network: nn.Module, tensors: Mapping[str, Tensor], *, where: str) -> None:
    """Copy weights in, whatever head they were trained under; every part must get its own.

    Raises
    ------
    DataError
        If a part gets none, or of another shape.
    """
    prefix = f"{getattr(network, 'base_model_prefix', '')}."
    plain = {_plain_name(name, prefix): tensor for name, tensor in tensors.items()}
    missing, misfits = [], []
    with torch.no_grad():
        for name, own in network.named_parameters():
            found = plain.get(name)
            if found is None:
                if not name.startswith(_UNUSED):
                    missing.append(name)
            elif found.shape != own.shape:
                misfits.append(f"{name} {tuple(found.shape)}, expected {tuple(own.shape)}")
            else:
                own.copy_(found)
    if missing or misfits:
        raise DataError(
            f"reading the weights in {where}: {len(missing)} parts are missing"
            + _some(missing)
            + f", {len(misfits)} have another shape"
            + _some(misfits),
            hint="weights and config.json do not belong together; fetch both from one model",
        )


def _plain_name(name: str, prefix: str) -> str:
    name = name.removeprefix(prefix)
    # names of the first TensorFlow checkpoints, still met in older files
    return name.replace("LayerNorm.gamma", "LayerNorm.weight").replace(
        "LayerNorm.beta", "LayerNorm.bias"
    )


def _some(names: list[str]) -> str:
    return f" ({', '.join(names[:3])}{', …' if len(names) > 3 else ''})" if names else ""


def config_of(network: nn.Module) -> dict[str, Any]:
    """Give the configuration of an encoder as JSON, as others write it too."""
    config: Any = network.config
    table = {key: value for key, value in config.to_dict().items() if value is not None}
    found: dict[str, Any] = json.loads(json.dumps(table, default=str))
    return found


def write_network(folder: Path, network: nn.Module) -> None:
    """Write config and weights into a folder that exists, as others read them too."""
    text = json.dumps(config_of(network), indent=2, sort_keys=True)
    (folder / "config.json").write_text(text + "\n", encoding="utf-8")
    tensors = {n: tensor.detach().cpu().contiguous() for n, tensor in network.named_parameters()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def digest_of(folder: Path) -> str:
    """Give the SHA-256 over config, tokeniser and weights of a folder."""
    found = hashlib.sha256()
    kinds = ("config.json", "tokenizer.json", "vocab.txt", "*.safetensors")
    for file in sorted(path for kind in kinds for path in folder.glob(kind)):
        found.update(file.name.encode() + b"\0")
        with file.open("rb") as stream:
            found.update(hashlib.file_digest(stream, "sha256").digest())
    return found.hexdigest()
