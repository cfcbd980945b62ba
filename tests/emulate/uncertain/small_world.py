"""A small world with ensembles: flat, hilly and urban tiles of 32 cells, two hours of rain."""

from inundate.dataset.world.build import build_world
from inundate.dataset.world.settings import PartSettings, WorldSettings
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.uncertain.settings import SpreadSettings
from inundate.learn.settings import TrainSettings

WORLD = WorldSettings(
    name="small", sides=(32,), storms_least=1, storms_most=1, real=False, members=4,
    total_mm=(30.0, 60.0), duration_min=(60.0, 60.0), run_on_frames=2, frames_most=8,
    train=PartSettings(plain=2, town=1, fractal=1, ensembles=2),
    valid=PartSettings(plain=2, town=1, fractal=1, ensembles=4),
    test=PartSettings(plain=2, fractal=1, ensembles=3),
)  # fmt: skip
MODE_H = EmulatorSettings(model="mode_h", width=8, levels=2, crop_cells=32, frames=3)
VAE = EmulatorSettings(
    model="mode_h_vae", width=8, levels=2, crop_cells=32, frames=3, latent_channels=4, draws=4,
    elbo_epochs=2, beta_epochs=1,
)  # fmt: skip
TRAINING = TrainSettings(
    epochs=0, max_steps=10, batch_size=2, warmup_steps=2, learning_rate=3e-3, threads=1,
    device="cpu",
)  # fmt: skip
SPREAD = SpreadSettings(members=6, cells=60)


def build(folder):
    """Make the world; give its path."""
    path = folder / "world.zarr"
    build_world(WORLD, path, seed=3, workers=1, progress=False)
    return path
