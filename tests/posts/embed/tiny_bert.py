"""Tiny random encoders as folders, in the layout that others publish theirs in."""

import json

import tokenizers
import torch
import transformers
from safetensors.torch import save_file

LETTERS = list("abcdefghijklmnopqrstuvwxyz0123456789#@!?.,'")
WORDS = ["water", "road", "river", "closed", "flood", "the", "is", "##ed", "##ing", "help", "in"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
}


def make_bert(folder, *, seed=0, whole=True, head="bert."):
    """Write a BERT; ``whole``: with tokenizer.json, otherwise with vocab.txt alone."""
    words = [*SPECIAL, *LETTERS, *("##" + letter for letter in LETTERS), *WORDS]
    config = transformers.BertConfig(vocab_size=len(words), max_position_embeddings=70, **SIZES)
    write_model(folder, transformers.AutoModel, config, seed=seed, head=head)
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    if whole:
        made = tokenizers.BertWordPieceTokenizer(str(folder / "vocab.txt"), lowercase=True)
        made.save(str(folder / "tokenizer.json"))
    return folder


def make_roberta(folder, *, seed=0):
    """Write a RoBERTa with a byte-level tokeniser; padding is number 1, positions start at 2."""
    config = transformers.RobertaConfig(
        vocab_size=300, max_position_embeddings=72, pad_token_id=1, **SIZES
    )
    write_model(folder, transformers.AutoModel, config, seed=seed, head="roberta.")
    made = tokenizers.ByteLevelBPETokenizer()
    made.train_from_iterator(
        ["the river is high and the road is closed"] * 3,
        vocab_size=300,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        show_progress=False,
    )
    inner = made._tokenizer
    inner.post_processor = tokenizers.processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    inner.save(str(folder / "tokenizer.json"))
    return folder


def make_distilbert(folder, *, seed=0):
    make_bert(folder, seed=seed)
    vocabulary = json.loads((folder / "config.json").read_text(encoding="utf-8"))["vocab_size"]
    config = transformers.DistilBertConfig(
        vocab_size=vocabulary, max_position_embeddings=70, dim=16, n_layers=2, n_heads=2
    )
    write_model(folder, transformers.AutoModel, config, seed=seed, head="distilbert.")
    return folder


def write_model(folder, kind, config, *, seed, head):
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    network = kind.from_config(config)
    tensors = {f"{head}{name}": t.contiguous() for name, t in network.state_dict().items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    table = {k: v for k, v in config.to_dict().items() if v is not None}
    (folder / "config.json").write_text(json.dumps(table), encoding="utf-8")
