"""ELMo's network: characters to words, two stacks of projected LSTMs, and a mix of layers."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.core.errors import ConfigError
from inundate.posts.embed.elmo_characters import CHARACTERS
from inundate.posts.embed.elmo_options import ElmoOptions

__all__ = ["BiLm", "BiLmOutput", "CharacterEncoder", "ProjectedLstm", "ScalarMix", "State"]

#: Output (B, P) and cell (B, C) of one layer and direction.
State = tuple[Tensor, Tensor]

_FORGET_BIAS = 1.0  # added to the forget gate's bias in the files, which do not contain it
_ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh}


class CharacterEncoder(nn.Module):
    """Vectors of words from their characters: filters, highways, projection.

    Parameters
    ----------
    options : ElmoOptions
        Sizes.

    Source
    ------
    Kim et al. (2016), arXiv:1508.06615; Jozefowicz et al. (2016), arXiv:1602.02410.
    """

    def __init__(self, options: ElmoOptions) -> None:
        super().__init__()
        cnn = options.char_cnn
        self.activation = _ACTIVATIONS[cnn.activation]
        self.characters = nn.Embedding(CHARACTERS + 1, cnn.embedding.dim, padding_idx=0)
        self.filters = nn.ModuleList(
            nn.Conv1d(cnn.embedding.dim, count, width) for width, count in cnn.filters
        )
        size = sum(count for _, count in cnn.filters)
        self.gates = nn.ModuleList(nn.Linear(size, size) for _ in range(cnn.n_highway))
        self.transforms = nn.ModuleList(nn.Linear(size, size) for _ in range(cnn.n_highway))
        for name, parameter in self.gates.named_parameters():
            if name.endswith("bias"):
                nn.init.constant_(parameter, -2.0)  # a highway starts by handing its input on
        self.projection = nn.Linear(size, options.lstm.projection_dim)

    def forward(self, characters: Tensor) -> Tensor:
        """Turn character numbers (W, M) into word vectors (W, P)."""
        vectors = self.characters(characters).transpose(1, 2)  # (W, D, M)
        found = [self.activation(conv(vectors).amax(dim=2)) for conv in self.filters]
        hidden = torch.cat(found, dim=1)  # (W, F)
        for gate, transform in zip(self.gates, self.transforms, strict=True):
            carried = torch.sigmoid(gate(hidden))
            hidden = carried * torch.relu(transform(hidden)) + (1.0 - carried) * hidden
        projected: Tensor = self.projection(hidden)
        return projected


class ProjectedLstm(nn.Module):
    """One direction and layer: an LSTM whose output is projected, with both clipped.

    PyTorch's own LSTM has projections but no clipping, without which the published weights
    give other vectors.

    Parameters
    ----------
    inputs, cells, outputs : int
        Width of input, cell and projection.
    cell_clip, output_clip : float
        Largest magnitudes; 0: no limit.

    Source
    ------
    Sak et al. (2014), arXiv:1402.1128.
    """

    def __init__(
        self, inputs: int, cells: int, outputs: int, *, cell_clip: float, output_clip: float
    ) -> None:
        super().__init__()
        self.cells, self.outputs = cells, outputs
        self.cell_clip, self.output_clip = cell_clip, output_clip
        # gates: input, candidate, forget, output; one matrix for input and last output
        self.gates = nn.Linear(inputs + outputs, 4 * cells)
        self.projection = nn.Linear(cells, outputs, bias=False)

    def forward(
        self, inputs: Tensor, lengths: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """Run over sentences.

        Parameters
        ----------
        inputs : Tensor (B, L, I)
            Longest first, so that only sentences that still go on are computed.
        lengths : Tensor (B,)
            Steps of each sentence, never rising.
        state : tuple, optional
            Where to start; zeros by default.

        Returns
        -------
        outputs : Tensor (B, L, P)
            Zeros behind the end of a sentence.
        state : tuple
            After the last step of each sentence.
        """
        batch, steps, width = inputs.shape
        if state is None:
            state = (inputs.new_zeros(batch, self.outputs), inputs.new_zeros(batch, self.cells))
        output, cell = state
        alive = (lengths.unsqueeze(1) > torch.arange(steps, device=lengths.device)).sum(dim=0)
        of_input, of_output = torch.split(self.gates.weight, [width, self.outputs], dim=1)
        known = functional.linear(inputs, of_input, self.gates.bias).transpose(0, 1)  # (L, B, 4C)
        found, ended = [], []
        # unbound once: the gradient of an index into all steps would be as large as all steps
        for part, count in zip(known.unbind(0), alive.tolist(), strict=True):
            if count < output.shape[0]:
                ended.append((output[count:], cell[count:]))
                output, cell = output[:count], cell[:count]
            gates = part[:count] + functional.linear(output, of_output)
            output, cell = self._step(gates, cell)
            found.append(functional.pad(output, (0, 0, 0, batch - count)))
        ended.append((output, cell))
        last = tuple(torch.cat([part[i] for part in reversed(ended)]) for i in (0, 1))
        return torch.stack(found, dim=1), (last[0], last[1])

    def _step(self, gates: Tensor, cell: Tensor) -> State:
        taken, candidate, kept, shown = gates.chunk(4, dim=1)
        cell = torch.sigmoid(kept + _FORGET_BIAS) * cell
        cell = cell + torch.sigmoid(taken) * torch.tanh(candidate)
        if self.cell_clip:
            cell = cell.clamp(-self.cell_clip, self.cell_clip)
        output = self.projection(torch.sigmoid(shown) * torch.tanh(cell))
        if self.output_clip:
            output = output.clamp(-self.output_clip, self.output_clip)
        return output, cell


class BiLmOutput(NamedTuple):
    """Layers (K, B, L, 2P), forwards and backwards side by side, and the last states.

    ``states`` has one entry for each direction and layer: forward layers, then backward ones.
    """

    layers: Tensor
    states: list[State]


class BiLm(nn.Module):
    """Bidirectional language model over words made of characters.

    Parameters
    ----------
    options : ElmoOptions
        Sizes, clips and whether layers add their input to their output.
    dropout : float
        Share of word vectors' and layers' numbers left out in training.

    Source
    ------
    Peters et al. (2018), Deep contextualized word representations, arXiv:1802.05365.
    """

    def __init__(self, options: ElmoOptions, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.options = options
        lstm = options.lstm
        self.words = CharacterEncoder(options)
        self.dropout = nn.Dropout(dropout)
        width = lstm.projection_dim
        self.forwards, self.backwards = (
            nn.ModuleList(
                ProjectedLstm(
                    width, lstm.dim, width, cell_clip=lstm.cell_clip, output_clip=lstm.proj_clip
                )
                for _ in range(lstm.n_layers)
            )
            for _ in range(2)
        )

    def forward(
        self, words: Tensor, lengths: Tensor, states: list[State] | None = None
    ) -> BiLmOutput:
        """Run both directions over sentences of word vectors.

        Parameters
        ----------
        words : Tensor (B, L, P)
            Word vectors, as :class:`CharacterEncoder` makes them.
        lengths : Tensor (B,)
            Words of each sentence.
        states : list, optional
            States of an earlier call, for a model that carries them on.

        Raises
        ------
        ConfigError
            If states of another batch size or number of layers are given.
        """
        count = len(self.forwards)
        if states is not None and (
            len(states) != 2 * count or states[0][0].shape[0] != words.shape[0]
        ):
            raise ConfigError(
                f"running ELMo with carried states: they belong to {states[0][0].shape[0]} "
                f"sentences, the batch has {words.shape[0]}",
                hint="give batches of one size, or reset the states between them",
            )
        order = torch.argsort(lengths, descending=True, stable=True)
        back = torch.argsort(order)
        words, lengths = self.dropout(words)[order], lengths[order]
        given: list[State | None] = (
            [None] * (2 * count) if states is None else [(a[order], b[order]) for a, b in states]
        )
        turned = _turn_index(lengths, words.shape[1])
        forward, last_f = self._stack(self.forwards, words, lengths, given[:count])
        backward, last_b = self._stack(self.backwards, _turn(words, turned), lengths, given[count:])
        layers = [torch.cat([words, words], dim=2)] + [
            torch.cat([f, _turn(b, turned)], dim=2) for f, b in zip(forward, backward, strict=True)
        ]
        return BiLmOutput(
            torch.stack(layers)[:, back], [(a[back], b[back]) for a, b in last_f + last_b]
        )

    def _stack(
        self,
        layers: nn.ModuleList,
        inputs: Tensor,
        lengths: Tensor,
        states: list[State | None],
    ) -> tuple[list[Tensor], list[State]]:
        outputs: list[Tensor] = []
        last: list[State] = []
        for number, (layer, state) in enumerate(zip(layers, states, strict=True)):
            found, end = layer(inputs, lengths, state)
            found = self.dropout(found)
            # the first layer has no such path: its input is the word itself
            inputs = found + inputs if number and self.options.lstm.use_skip_connections else found
            outputs.append(inputs)
            last.append(end)
        return outputs, last


def _turn_index(lengths: Tensor, steps: int) -> Tensor:
    """Give the places (B, L) that turn each sentence round and leave its filling alone."""
    places = torch.arange(steps, device=lengths.device).expand(len(lengths), steps)
    turned = lengths.unsqueeze(1) - 1 - places
    return torch.where(turned >= 0, turned, places)


def _turn(values: Tensor, index: Tensor) -> Tensor:
    return values.gather(1, index.unsqueeze(2).expand_as(values))


class ScalarMix(nn.Module):
    """Weighted mean of layers, whose weights and scale a classifier learns.

    Parameters
    ----------
    layers : int
        How many layers are mixed.

    Source
    ------
    Peters et al. (2018), arXiv:1802.05365, eq. 1.
    """

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(layers))
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, layers: Tensor) -> Tensor:
        """Mix layers (K, …) to one (…)."""
        shares = torch.softmax(self.weights, dim=0)
        mixed: Tensor = self.scale * torch.tensordot(shares, layers, dims=1)
        return mixed
