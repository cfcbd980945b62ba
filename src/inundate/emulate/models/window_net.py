"""What networks share that map a rain window and terrain straight to depth."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn import functional

from inundate.emulate.heads import depth_from_raw
from inundate.emulate.settings import NetSettings
from inundate.emulate.shapes import check_inputs

__all__ = ["WindowNet"]


class WindowNet(nn.Module):
    """Embed terrain and rain by blocks of cells, run a network over them, and give depth.

    A subclass has ``name``, makes its own layers and then the head, and maps features to features.

    Parameters
    ----------
    static_channels : int
        Channels of the terrain inputs.
    history : int
        Steps of the rain window; they are channels, so nothing here knows of time.
    settings : NetSettings
    """

    input_names = ("terrain", "rain")
    family = "window"
    name = ""

    def __init__(self, static_channels: int, history: int, settings: NetSettings) -> None:
        super().__init__()
        self.settings = settings
        self.static_channels, self.history = static_channels, history
        self.terrain = nn.Conv2d(static_channels * settings.block**2, settings.width, 1)
        self.rain = nn.Conv2d(history, settings.width, 1)

    def make_head(self) -> None:
        """Make the last layer, small: the first depths lie near zero."""
        self.head = nn.Conv2d(self.settings.width, self.settings.block**2, 1)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]

    @property
    def align(self) -> int:
        """Cells that a raster's sides must be a multiple of."""
        return int(self.settings.block * 2 ** (self.settings.levels - 1))

    def features(self, joined: Tensor) -> Tensor:
        """Map the sum of embedded terrain and rain (N, width, h, w) to the same shape."""
        raise NotImplementedError

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Give depth in m.

        Parameters
        ----------
        inputs : mapping
            ``terrain`` (B, C, H, W), ``rain`` (B, K, L, H / block, W / block), scaled.

        Returns
        -------
        Tensor (B, K, H, W), m

        Raises
        ------
        DataError
            If a shape does not fit.
        """
        block = self.settings.block
        check_inputs(self.name, inputs, {
            "terrain": ("B", self.static_channels, "H", "W"),
            "rain": ("B", "K", self.history, f"H/{block}", f"W/{block}"),
        })  # fmt: skip
        terrain, rain = inputs["terrain"], inputs["rain"]
        batch, frames = rain.shape[:2]
        ground = self.terrain(functional.pixel_unshuffle(terrain, block))  # (B, w, h, w)
        ground = ground.repeat_interleave(frames, dim=0)  # (B * K, w, h, w)
        raw = self.head(self.features(ground + self.rain(rain.flatten(0, 1))))
        depth = depth_from_raw(functional.pixel_shuffle(raw, block), training=self.training)
        return depth.reshape(batch, frames, *depth.shape[-2:])
