"""Make the tiny rain files beside this script, one or two of every format.

Run ``python tests/data/rain/make.py`` from the root of the checkout. Every format holds the same
three rows and four columns, so that a test can work the answer out by hand. The functions are
also used by tests that need a variant.
"""

import gzip
import io
import tarfile
from pathlib import Path

import h5py
import numpy as np
import xarray as xr
from PIL import Image
from pyproj import Transformer

from inundate.core.grid import Grid
from inundate.rain.nimrod import make_nimrod_field, write_nimrod

HERE = Path(__file__).resolve().parent
NAN = np.nan

# mm h-1, row 0 in the north; every number is a multiple of 1/32
RATES = np.array([[0.0, 1.0, 2.0, NAN], [0.5, 32.0, 10.0, 0.0], [NAN, 0.0, 0.03125, 5.0]])
GRID = Grid("EPSG:27700", 400_000, 410_000, 1000, 1000, 4, 3)
SUMMER = np.datetime64("2019-07-31T12:05:00")  # British Summer Time is an hour ahead of UTC
STEP = np.timedelta64(5, "m")


def nimrod(path, times=(SUMMER,), values=RATES, **options):
    """A NIMROD file with one field a time."""
    fields = [make_nimrod_field(values, GRID, time, **options) for time in times]
    write_nimrod(path, fields, overwrite=True)
    return path


def nimrod_tar(path, count=4, truncated=(2,)):
    """A daily tar as the Met Office's archive has it, some members cut short."""
    with tarfile.open(path, "w") as tar:
        for index in range(count):
            time = SUMMER + index * STEP
            stamp = str(time).replace("-", "").replace(":", "").replace("T", "")[:12]
            member = path.with_name("member.dat.gz")
            data = nimrod(member, [time]).read_bytes()
            member.unlink()
            if index in truncated:
                data = data[: len(data) // 2]
            info = tarfile.TarInfo(f"metoffice-c-band-rain-radar_uk_{stamp}_1km-composite.dat.gz")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def odim(path, quantity="RATE", values=RATES, *, start="120000", end="121500", **what):
    """An ODIM composite on the OPERA projection, in unsigned 16-bit numbers."""
    projection = "+proj=laea +lat_0=55.0 +lon_0=10.0 +x_0=1950000.0 +y_0=-2100000.0 +ellps=WGS84"
    to_degrees = Transformer.from_crs(projection, "EPSG:4326", always_xy=True)
    gain, offset = (0.5, -32.0) if quantity == "DBZH" else (0.03125, 0.0)
    stored = np.where(np.isnan(values), 65535, np.rint((values - offset) / gain))
    stored = np.where(values == 0, 65534, stored).astype(np.uint16)
    with h5py.File(path, "w") as file:
        file.attrs["Conventions"] = np.bytes_("ODIM_H5/V2_0")
        about = {"object": "COMP", "date": "20190731", "time": "121000", "version": "H5rad 2.0"}
        _attributes(file.create_group("what"), about)
        where = {"projdef": projection, "xsize": 4, "ysize": 3, "xscale": 2000.0, "yscale": 2000.0}
        corners = {"UL": (0, 0), "UR": (8000, 0), "LL": (0, -6000), "LR": (8000, -6000)}
        for name, place in corners.items():
            where[f"{name}_lon"], where[f"{name}_lat"] = to_degrees.transform(*place)
        _attributes(file.create_group("where"), where)
        meaning = {"quantity": quantity, "gain": gain, "offset": offset, "nodata": 65535.0}
        meaning |= {"undetect": 65534.0, "product": "COMP"}
        meaning |= {"startdate": "20190731", "starttime": start}
        meaning |= {"enddate": "20190731", "endtime": end, **what}
        _attributes(file.create_group("dataset1/what"), meaning)
        file["dataset1/data1/data"] = stored
        quality = {**meaning, "quantity": "QIND", "gain": 1.0}
        _attributes(file.create_group("dataset2/what"), quality)
        file["dataset2/data1/data"] = np.ones((3, 4))
    return path


def knmi(path, values=RATES, *, start="31-JUL-2019;12:00:00.000", end="31-JUL-2019;12:05:00.000",
         parameter="ACCUMULATED_PRECIPITATION_[MM]", formula="GEO=0.01*PV+0.0"):  # fmt: skip
    """A KNMI image of rain accumulated over 5 minutes, in hundredths of a millimetre."""
    depth = values / 12
    with h5py.File(path, "w") as file:
        overview = {"product_datetime_start": start, "product_datetime_end": end}
        _attributes(file.create_group("overview"), overview)
        geographic = {
            "geo_column_offset": np.float32([0]), "geo_row_offset": np.float32([3650]),
            "geo_number_columns": np.int32([4]), "geo_number_rows": np.int32([3]),
            "geo_pixel_size_x": np.float32([1]), "geo_pixel_size_y": np.float32([-1]),
            "geo_dim_pixel": "KM,KM",
        }  # fmt: skip
        group = file.create_group("geographic")
        _attributes(group, geographic)
        proj = "+proj=stere +lat_0=90 +lon_0=0.0 +lat_ts=60.0 +a=6378.137 +b=6356.752 +x_0=0 +y_0=0"
        _attributes(group.create_group("map_projection"), {"projection_proj4_params": proj})
        image = file.create_group("image1")
        _attributes(image, {"image_geo_parameter": parameter})
        calibration = {"calibration_formulas": formula}
        calibration |= {"calibration_missing_data": np.int32([65535])}
        calibration |= {"calibration_out_of_image": np.int32([65535])}
        _attributes(image.create_group("calibration"), calibration)
        image["image_data"] = np.where(np.isnan(depth), 65535, np.rint(depth * 100)).astype("u2")
    return path


def fmi(path, pixels=None, *, obstime="201907311205"):
    """An FMI composite: 0 no echo, 64 is 0 dBZ, 164 is 50 dBZ, 255 missing."""
    if pixels is None:
        pixels = np.array([[0, 64, 104, 255], [84, 124, 164, 0], [255, 0, 66, 144]], np.uint8)
    crs = "+proj=stere +lat_0=90 +lon_0=25 +lat_ts=60 +R=6371288 +units=m"
    to_degrees = Transformer.from_crs(crs, "+proj=longlat +R=6371288", always_xy=True)
    left, top = -2000.0, -2_170_000.0
    west, south = to_degrees.transform(left, top - 3000)
    east, north = to_degrees.transform(left + 4000, top)
    comments = f"""\
# composite_area TINY
# obstime {obstime}
# producttype CAPPI
# param CorrectedReflectivity
# metersperpixel_x 1000.0
# metersperpixel_y 1000.0
# projection radar {{
# type stereographic
# centrallongitude 25
# centrallatitude 90
# truelatitude 60
# bottomleft {west:.9f} {south:.9f}
# topright {east:.9f} {north:.9f}
# }}
"""
    data = f"P5\n{comments}4 3\n255\n".encode() + pixels.tobytes()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return path


def mch(path, stamp="192121205", *, product="AQC", comment=True):
    """A MeteoSwiss GIF of the full domain, dry but for the four cells named in the tests."""
    number = np.zeros((640, 710), np.uint8)
    number[0, 0] = 255  # missing
    number[0, 709] = 122  # the north-eastern cell
    number[639, 0] = 72
    number[320, 355] = 254  # above 250: nothing
    image = Image.fromarray(number)
    image.putpalette([value for i in range(256) for value in (i, i, i)])
    text = f"VERSION=TEST\nPRDT={product}{stamp} SCALE=x ACCUm=000005 DeltaT=000005"
    image.save(path, comment=text.encode() if comment else b"")
    return path


def bom(path, values=RATES, *, start="2019-07-31T12:00", end="2019-07-31T12:06"):
    """A Rainfields file: rain of 6 minutes in steps of 0.05 mm."""
    ds = xr.Dataset(
        {
            "precipitation": (("y", "x"), values / 10, {
                "grid_mapping": "proj", "units": "kg m-2", "standard_name": "precipitation_amount",
            }),
            "proj": ((), np.int8(0), {
                "grid_mapping_name": "albers_conical_equal_area", "semi_major_axis": 6378137.0,
                "inverse_flattening": 298.257222101, "standard_parallel": [-18.0, -36.0],
                "longitude_of_central_meridian": 144.752, "latitude_of_projection_origin": -37.852,
                "false_easting": 0.0, "false_northing": 0.0,
            }),
            "start_time": ((), np.datetime64(start, "ns")),
            "valid_time": ((), np.datetime64(end, "ns"), {"standard_name": "time"}),
        },
        coords={
            "x": ("x", np.float32([-1, -0.5, 0, 0.5]),
                  {"units": "km", "standard_name": "projection_x_coordinate"}),
            "y": ("y", np.float32([1, 0.5, 0]),
                  {"units": "km", "standard_name": "projection_y_coordinate"}),
        },
    )  # fmt: skip
    packed = {"dtype": "int16", "scale_factor": 0.05, "_FillValue": np.int16(-32768)}
    clock = {"units": "seconds since 1970-01-01 00:00:00", "dtype": "int64"}
    encoding = {"precipitation": packed, "start_time": clock, "valid_time": clock}
    ds.to_netcdf(path, engine="h5netcdf", encoding=encoding)
    return path


def cf(path, values=RATES, *, unit="mm h-1", name="rainfall", ascending=False, bounds=True):
    """A CF file of two steps, the second twice the first."""
    y = GRID.y[::-1] if ascending else GRID.y
    frames = np.stack([values, 2 * values])
    ends = np.array([SUMMER, SUMMER + STEP]).astype("datetime64[ns]")
    ds = xr.Dataset(
        {
            name: (("time", "y", "x"), frames[:, ::-1] if ascending else frames,
                   {"grid_mapping": "mapping", **({"units": unit} if unit else {})}),
            "mapping": ((), 0, {"crs_wkt": GRID.wkt}),
        },
        coords={"time": ends, "y": ("y", y, {"units": "m"}), "x": ("x", GRID.x, {"units": "m"})},
    )  # fmt: skip
    if bounds:
        ds["time"].attrs["bounds"] = "time_bnds"
        ds["time_bnds"] = (("time", "nv"), np.stack([ends - STEP, ends], axis=1))
    clock = {"units": "seconds since 1970-01-01 00:00:00", "dtype": "float64"}
    ds.to_netcdf(path, engine="h5netcdf", encoding={"time": clock})
    return path


def _attributes(group, values):
    for name, value in values.items():
        group.attrs[name] = np.bytes_(value) if isinstance(value, str) else value


def main():
    """Write every file beside this script."""
    nimrod(HERE / "201907311205.dat.gz")
    nimrod_tar(HERE / "metoffice-c-band-rain-radar_uk_20190731_1km-composite.dat.gz.tar")
    odim(HERE / "odim_rate.h5")
    odim(HERE / "odim_dbzh.h5", "DBZH")
    knmi(HERE / "knmi.h5")
    fmi(HERE / "fmi.pgm.gz")
    mch(HERE / "AQC192121205F_00005.801.gif")
    bom(HERE / "bom.nc")
    cf(HERE / "cf.nc")


if __name__ == "__main__":
    main()
