"""Water and rain of an emulator: no water before rain, as much as fell, frame after frame."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.flood_view import FloodView, flood_view
from inundate.prove.probe.relation import TURNS

__all__ = ["probe_water"]

_DRY_MM = 0.05  # rain of which nothing stands
_WET_MM = 1.0  # mean depth that comes from rain
_FEW = 12  # frames that are wet, or samples that start wet
_SHARE = 0.08  # of the wet frames, that no rain explains
_SLIP = 12.0  # times the rain, that stands on the ground, or that of validation
_SOAKED = 200.0  # times as much has fallen, where most has soaked in or run off
_RAIN_MM, _DEPTH_M = (0.5, 1000.0), (0.002, 10.0)  # of storms and floods: what is not is off
_RAINS = ("rain", "state")
_ODD, _ODD_FEW, _ODD_MOST = 4.0, 8, 0.45  # times the usual share of rain that stands, of how many
_NARROW = 0.35  # width of such a group, of the way to the others
_UNITS = (12.0, 25.4, 60.0, 1000.0, 3600.0)  # of rain: in 5 minutes, inches, minutes, m, seconds
_FITS, _LEFT = 0.2, 0.3  # width, as a power of ten, of the share of rain that stands; of the old
_IN_STEP = 0.3  # correlation of what is added to the water with the rain, with frames turned round
_BACK, _TOLD = 0.05, 0.8  # by how much more, and how well, rain tells water the other way round
_BETTER = 0.2  # by how much more of the depth the coarse solver must tell in another way


def probe_water(exam: Exam) -> list[Finding]:
    """Compare the water of each frame with the rain until then, and with what stood before."""
    train, valid = (flood_view(exam, part) for part in (exam.train, exam.valid))
    if train is None or valid is None:
        return []
    return (
        _some_of_another_size(exam, train)
        or _of_another_size(exam, train)
        or _without_rain(exam, train)
        or _against_rain(exam, train, valid)
        or _backwards(exam, train)
        or _rain_backwards(exam, train)
        or _ahead(train)
        or _coarse(exam, train)
    )


def _name(exam: Exam) -> str:
    return next((name for name in _RAINS if name in exam.train[0]["inputs"]), "rain")


def _mean_mm(view: FloodView) -> Tensor:
    return 1000.0 * view.depth.mean((2, 3))


def _new_mm(view: FloodView) -> Tensor:
    """Give the water (N, K) that did not stand before the first frame, mm."""
    water = _mean_mm(view)
    return water if view.start is None else water - 1000.0 * view.start.mean((1, 2))[:, None]


def _without_rain(exam: Exam, view: FloodView) -> list[Finding]:
    """Count frames in which water stands that no rain, and no water before, can explain."""
    if view.fallen is None:
        return []
    wet = (_new_mm(view) > _WET_MM) & (_mean_mm(view) > _WET_MM)
    if int(wet.sum()) < _FEW or ((view.fallen > 0).any() and not _rains(view)):
        return []  # rain of another size than storms have: told by what stands of it
    share = float((view.fallen[wet] < _DRY_MM).float().mean())
    exam.figures["water without rain"] = share
    if share < _SHARE:
        return []
    text = (
        f"in {100 * share:.0f} % of {int(wet.sum())} frames in which water stands no rain has "
        f"fallen by {_name(exam)!r}, and none stood before"
    )
    return [Finding(Cause.TARGETS_UNRELATED, "fault", text, firm=True)]


def _of_another_size(exam: Exam, view: FloodView) -> list[Finding]:
    """Give the rain of the frames in other units beside what fell before, and see whether it fits.

    Where each frame has the rain of another one, what stands fits it in no unit.
    """
    if view.fallen is None or view.before is None:
        return []
    before, water = view.before[:, None], _mean_mm(view)
    rain = view.fallen - before
    wet = (water > _WET_MM) & (view.fallen > 0)
    if int(wet.sum()) < _FEW:
        return []

    def width(times: float) -> float:
        return _width((water[wet] / (before + times * rain)[wet].clamp(min=1e-12)).log10())

    own = width(1.0)
    if own <= 2.0 * _FITS:
        return []
    best = min((one for unit in _UNITS for one in (unit, 1.0 / unit)), key=width)
    if width(best) > min(_FITS, _LEFT * own):
        return []
    text = (
        f"with {_name(exam)!r} {best:.4g} times as large beside what fell before, the share of the "
        f"rain that stands is the same in half of {int(wet.sum())} frames to a factor of "
        f"{10 ** width(best):.2g}; as it is, to one of {10**own:.2g}"
    )
    return [Finding(Cause.INPUT_SCALE, "fault", text, f"{_name(exam)!r}", firm=True)]


def _some_of_another_size(exam: Exam, view: FloodView) -> list[Finding]:
    """See whether a group of frames has many times as much water for its rain as all others.

    Ground that soaks up more, or where more flows in, makes this share vary evenly; two groups
    with nothing between them have their rain, or their water, in two units.
    """
    if view.fallen is None:
        return []
    wet = (_new_mm(view) > _WET_MM) & (view.fallen > 0)
    if int(wet.sum()) < 4 * _ODD_FEW:
        return []
    share = (_new_mm(view)[wet] / view.fallen[wet]).log10().sort().values
    usual, wide = float(share.median()), math.log10(_ODD)
    for odd in (share[share > usual + wide], share[share < usual - wide]):
        rest = share[(share - usual).abs() <= wide / 2]
        between = len(share) - len(odd) - len(rest)
        if not max(_ODD_FEW, _SHARE * len(share)) <= len(odd) <= _ODD_MOST * len(share):
            continue
        away = abs(float(odd.median()) - usual)
        if between > len(odd) // 4 or max(_width(odd), _width(rest)) > _NARROW * away:
            continue
        text = (
            f"in {len(odd)} of {len(share)} frames {10 ** (float(odd.median()) - usual):.3g} times "
            f"as much water stands for what fell by {_name(exam)!r} as in the others, and hardly "
            "any lies between"
        )
        return [Finding(Cause.UNIT_SLIP, "fault", text, f"{_name(exam)!r} or the target")]
    return []


def _width(values: Tensor) -> float:
    """Give the distance between the quarters."""
    low, high = torch.quantile(values, values.new_tensor([0.25, 0.75]))
    return float(high - low)


def _against_rain(exam: Exam, train: FloodView, valid: FloodView) -> list[Finding]:
    """Compare the volume that stands with the volume that fell, in both parts."""
    shares = [_share_of_rain(view) for view in (train, valid)]
    exam.figures["water over rain"] = shares[0]
    if not all(math.isfinite(share) and share > 0 for share in shares):
        return []
    name = _name(exam)
    text = f"what stands is {shares[0]:.3g} times what fell by {name!r}"
    if max(shares[0] / shares[1], shares[1] / shares[0]) > _SLIP:
        text += f" in training and {shares[1]:.3g} times in validation"
        return [Finding(Cause.SPLIT_SHIFT, "fault", text, f"the target or {name!r}")]
    if 1.0 / _SOAKED < shares[0] < _SLIP:
        return []
    text += ": it cannot be more, but for what flows in, and hardly so much less"
    rain, depth = _sizes(train)
    if not _RAIN_MM[0] < rain < _RAIN_MM[1] or _DEPTH_M[0] < depth < _DEPTH_M[1]:
        return [Finding(Cause.INPUT_SCALE, "fault", text, f"{name!r}", firm=True)]
    text += f"; rain of {rain:.3g} mm is a storm's, but {depth:.3g} m are no flood's depth"
    return [Finding(Cause.TARGET_SCALE, "fault", text, firm=True)]


def _rains(view: FloodView) -> bool:
    """Whether rain is of the size of storms in enough frames."""
    return view.fallen is not None and int((view.fallen > _RAIN_MM[0]).sum()) >= _FEW


def _sizes(view: FloodView) -> tuple[float, float]:
    """Give the rain of a usual sample in which some fell, mm, and the depth of usual water, m."""
    assert view.fallen is not None
    fallen, water = view.fallen[view.fallen > 0], view.depth[view.depth > 0]
    return float(fallen.median()), float(water.median())


def _share_of_rain(view: FloodView) -> float:
    if view.fallen is None:
        return math.nan
    water = _mean_mm(view)
    wet = (water > _WET_MM) & (view.fallen > 0)
    return float((water[wet] / view.fallen[wet]).median()) if int(wet.sum()) >= _FEW else math.nan


def _backwards(exam: Exam, view: FloodView) -> list[Finding]:
    """See whether water rises while less rain has fallen: frames turned round."""
    if view.fallen is None or view.fallen.shape[1] < 2:
        return []
    more, rain = _mean_mm(view).diff(dim=1).flatten(), view.fallen.diff(dim=1).flatten()
    if int((more.abs() > _WET_MM / 4).sum()) < _FEW:
        return []
    told = _in_step(more, rain)
    exam.figures["water in step with rain"] = told
    if told > -_IN_STEP:
        return []
    text = (
        f"the water of a frame falls while rain is added, and rises the other way round "
        f"(correlation {told:.2f})"
    )
    return [Finding(Cause.AXES_MIXED, "fault", text, "the frames of the target run backwards")]


def _rain_backwards(exam: Exam, view: FloodView) -> list[Finding]:
    """See whether what each frame adds to the water is told by the rain with frames turned round.

    Asked of series, which know the water and the rain before their first frame.
    """
    if view.fallen is None or view.before is None or view.start is None:
        return []
    rain = view.fallen.diff(dim=1, prepend=view.before[:, None])
    water = _mean_mm(view).diff(dim=1, prepend=1000.0 * view.start.mean((1, 2))[:, None])
    if rain.shape[1] < 2 or int((water.abs() > _WET_MM / 4).sum()) < _FEW:
        return []
    own, turned = _in_step(water, rain), _in_step(water, rain.flip(1))
    exam.figures |= {"water told by rain": own, "water told by rain, backwards": turned}
    if turned < own + _BACK or turned < _TOLD:
        return []
    text = (
        f"what a frame adds to the water has a correlation of {own:.2f} with the rain of that "
        f"frame, and of {turned:.2f} with the frames of the rain turned round"
    )
    return [Finding(Cause.AXES_MIXED, "fault", text, "the frames of the rain run backwards")]


def _in_step(water: Tensor, rain: Tensor) -> float:
    """Say how far changes of water follow those of rain, -1 to 1."""
    return float((water * rain).sum() / (water.norm() * rain.norm()).clamp(min=1e-9))


def _ahead(view: FloodView) -> list[Finding]:
    """See whether what is given as the water before the first frame is that of a later one."""
    if view.start is None or view.depth.shape[1] < 2:
        return []
    away = (view.depth - view.start[:, None]).abs().mean((2, 3))
    moves = (view.depth[:, -1] - view.depth[:, 0]).abs().mean((1, 2)) > _WET_MM / 1000.0
    given = moves & (view.start.amax((1, 2)) > 0)
    if int(given.sum()) < _FEW:
        return []
    later = float((away[given, -1] < away[given, 0]).float().mean())
    if later < 0.7:
        return []
    text = (
        f"'start' stands for the water before the first frame, and is nearer to the last one than "
        f"to the first in {100 * later:.0f} % of the samples"
    )
    return [Finding(Cause.TARGET_IN_INPUT, "fault", text, "'start'")]


def _coarse(exam: Exam, view: FloodView) -> list[Finding]:
    """See whether the coarse solver's water tells the depth far better in another way."""
    if view.level is None:
        return []
    heights = view.grounds["heights"][:, None]

    def told(level: Tensor) -> Tensor:
        """Give the share (N,) of what is wrong with no water at all."""
        left = (torch.relu(level - heights) - view.depth).square().mean((1, 2, 3))
        return 1.0 - left / view.depth.square().mean((1, 2, 3)).clamp(min=1e-8)

    wet = view.depth.mean((1, 2, 3)) > _WET_MM / 1000.0
    if int(wet.sum()) < _FEW:
        return []
    own = told(view.level)
    here = float(own[wet].median())
    exam.figures["told by the coarse solver"] = max(here, -99.0)
    text = f"the coarse solver's water tells {100 * max(here, -9.0):.0f} % of the depth"
    ways = {f"its {name}": turn(view.level) for name, turn in TURNS.items()}
    if view.depth.shape[1] > 1:
        ways["its frames backwards"] = view.level.flip(1)
    found = {
        n: float(told(w)[wet].median()) for n, w in ways.items() if w.shape == view.depth.shape
    }
    best = max(found, key=lambda name: found[name])
    if found[best] > max(here, 0.0) + _BETTER:
        text += f" as 'level' is given, and {100 * found[best]:.0f} % with {best}"
        return [Finding(Cause.AXES_MIXED, "fault", text, f"'level' fits with {best}")]
    others = torch.stack([told(view.level.roll(step, 0)) for step in range(1, len(wet))])
    torn = (others.amax(0) > own.clamp(min=0.0) + 2.0 * _BETTER) & wet
    share = float(torn.float().sum() / wet.sum())
    if share < 2.0 * _SHARE:
        return []
    text += f"; in {100 * share:.0f} % of the samples that of another sample tells far more"
    return [Finding(Cause.TARGETS_UNRELATED, "fault", text, firm=True)]
