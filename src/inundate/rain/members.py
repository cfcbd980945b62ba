"""Members of an ensemble in a file of rain: one has to be chosen, none is taken unasked."""

from __future__ import annotations

import xarray as xr

from inundate.core.errors import ConfigError, DataError

__all__ = ["check_member", "member_dimension"]

_NAMES = ("member", "realization", "ensemble", "number")


def member_dimension(ds: xr.Dataset, name: str) -> str | None:
    """Give the dimension that counts members; None if there is none.

    Parameters
    ----------
    ds : Dataset
    name : str
        Of the variable.
    """
    for dim in map(str, ds[name].dims):
        known = dim in ds.variables and ds[dim].attrs.get("standard_name") == "realization"
        if known or dim in _NAMES:
            return dim
    return None


def check_member(ds: xr.Dataset, name: str, member: int | None, label: str) -> dict[str, int]:
    """Give the place of the chosen member along its dimension.

    Parameters
    ----------
    ds : Dataset
    name : str
        Of the variable.
    member : int or None
        Counted from 0; None for a file that holds a single storm.
    label : str
        File, for messages.

    Raises
    ------
    DataError
        If there are several and none was chosen, or one was and there is none.
    ConfigError
        If there are fewer.
    """
    dim = member_dimension(ds, name)
    if dim is None:
        if member is None:
            return {}
        raise DataError(
            f"reading {label}: member {member} was asked for, found a single storm without members",
            hint="leave --member out",
        )
    count = ds.sizes[dim]
    if member is None and count > 1:
        raise DataError(
            f"reading {label}: {name!r} has further dimensions {{{dim!r}: {count}}}: an ensemble "
            f"of {count} members, expected a single storm",
            hint=f"take one, of 0 to {count - 1}: inundate rain convert FILE --member 0 -o OUT",
        )
    if member is not None and not 0 <= member < count:
        raise ConfigError(f"reading {label}: member {member}, expected 0 to {count - 1}")
    return {dim: member or 0}
