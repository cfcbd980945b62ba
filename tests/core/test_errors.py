"""Errors: classes, exit codes, layout, nearest names, optional dependencies."""

import pickle

import pytest

from inundate.core import errors


def test_every_class_is_also_the_builtin_that_callers_expect():
    bases = {
        errors.ConfigError: ValueError,
        errors.MissingFileError: FileNotFoundError,
        errors.DataError: ValueError,
        errors.GridError: errors.DataError,
        errors.MissingExtraError: ImportError,
        errors.StabilityError: RuntimeError,
        errors.RunError: RuntimeError,
    }
    for cls, base in bases.items():
        assert issubclass(cls, errors.InundateError)
        assert issubclass(cls, base)


def test_exit_codes_are_fixed():
    assert errors.EXIT_CODES == {
        "ConfigError": 2,
        "MissingFileError": 3,
        "DataError": 3,
        "GridError": 3,
        "MissingExtraError": 4,
        "StabilityError": 5,
        "RunError": 6,
    }


def test_exit_codes_name_every_class():
    classes = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type)
        and issubclass(value, errors.InundateError)
        and value is not errors.InundateError
    }
    assert set(errors.EXIT_CODES) == classes


@pytest.mark.parametrize("hint", [None, "do that"])
def test_format(hint):
    text = errors.format_error(errors.DataError("reading a: found b", hint=hint))
    assert text == "error: reading a: found b" + ("\n  hint: do that" if hint else "")


def test_message_survives_the_builtin_base():
    # FileNotFoundError and ImportError have a __str__ of their own
    assert str(errors.MissingFileError("reading a.nc: absent", hint="b")) == "reading a.nc: absent"
    assert str(errors.MissingExtraError("needs x")) == "needs x"


def test_errors_cross_process_borders():
    error = errors.StabilityError("step 3: depth is NaN", hint="smaller step", cause="nan")
    error.step = 3
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is errors.StabilityError
    assert (str(back), back.hint, back.cause, back.step) == (
        "step 3: depth is NaN", "smaller step", "nan", 3,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("word", "expected"),
    [("Unifrom", "uniform"), ("CHICAGO", "chicago"), ("", None), ("zzz", None)],
)
def test_nearest(word, expected):
    assert errors.nearest(word, ["uniform", "chicago"]) == expected


def test_nearest_keeps_the_spelling_of_the_choice():
    assert errors.nearest("dbz", ["dBZ"]) == "dBZ"


def test_require_extra_gives_the_module():
    assert errors.require_extra("geo", "json.decoder", what="x").__name__ == "json.decoder"


def test_require_extra_names_the_extra():
    with pytest.raises(errors.MissingExtraError) as caught:
        errors.require_extra("geo", "no_such_package.sub", what="reading GeoTIFF")
    assert errors.format_error(caught.value) == (
        "error: reading GeoTIFF needs the package 'no_such_package', which is not installed\n"
        '  hint: pip install "inundate[geo]"'
    )
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)
