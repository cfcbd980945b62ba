"""What a model reads of its input, and what only seems to be left out."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.probe.use import probe_use

SHORT = Effort(batches=20, one_batch=30, all_batches=40, remedy=30)


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


class Pieces(nn.Module):
    """Read an image piece by piece through many layers; the last number of pieces may be cut."""

    def __init__(self, layers, pieces):
        super().__init__()
        self.embed = nn.Conv2d(1, 16, 4, 4)
        self.layers = nn.Sequential(
            *(part for _ in range(layers) for part in (nn.Linear(16, 16), nn.Sigmoid()))
        )
        self.head, self.pieces = nn.Linear(16 * pieces, 3), pieces

    def forward(self, images):
        seen = self.embed(images).flatten(2).transpose(1, 2)[:, : self.pieces]
        return self.head(self.layers(seen).flatten(1))


@pytest.mark.parametrize(("layers", "pieces", "named"), [(10, 16, None), (1, 6, "ignores-input")])
def test_pieces_that_fade_by_rounding_are_not_said_to_be_left_out(layers, pieces, named):
    images, labels = drawn(240, 1, 16, 16), torch.arange(240) % 3
    torch.manual_seed(0)
    batches = [(images[i : i + 24], labels[i : i + 24]) for i in range(0, 240, 24)]
    case = make_case(Pieces(layers, pieces), batches, loss=functional.cross_entropy,
                     optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=1e-3))  # fmt: skip
    found = [f.cause for f in probe_use(Exam(case, SHORT)) if f.is_fault]
    assert found == ([] if named is None else [Cause(named)])
