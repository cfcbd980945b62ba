"""The audit: silent about sound data, and it names each planted fault."""

import json

import numpy as np
import pytest
import zarr

from inundate.cli.app import main
from inundate.dataset.audit import CHECKS, audit_dataset, describe_dataset
from inundate.dataset.build import build_dataset
from inundate.dataset.samples import Samples
from inundate.dataset.volume import name_factor
from inundate.hydro.settings import SimulateSettings


def found(path, check, severity=None):
    """Findings of one check."""
    return [
        finding
        for finding in audit_dataset(path)["findings"]
        if finding["check"] == check and severity in (None, finding["severity"])
    ]


def only(path, check, severity):
    (finding,) = found(path, check, severity)
    return finding


def test_sound_data_have_no_error(data):
    result = audit_dataset(data)
    assert result["errors"] == 0
    assert result["samples"] == 12
    assert set(result["passed"]) == set(CHECKS) - {"regimes"}
    assert {f["check"] for f in result["findings"]} == {"regimes", "balance"}
    json.dumps(result)


def test_cut_data_with_a_gap_leak_nothing(cut_data):
    passed = set(audit_dataset(cut_data())["passed"])
    assert {"split", "places", "storms", "copies", "volume", "values"} <= passed


@pytest.mark.parametrize(("factor", "unit"), [
    (4, "mm per 15 min"), (12, "mm per 5 min"), (60, "mm per minute"), (1000, "m h-1"),
    (3600, "mm s-1, that is kg m-2 s-1"),
])  # fmt: skip
def test_rain_in_another_unit(data, spoil, factor, unit):
    spoil(data, rain_rate=lambda rain: rain / factor)
    findings = found(data, "volume", "error")
    assert [f["evidence"]["storm"] for f in findings] == ["a", "b", "c"]
    assert all(f["evidence"]["factor"] == factor for f in findings)
    assert all(f["evidence"]["ratio"] == pytest.approx(factor, rel=0.01) for f in findings)
    assert findings[0]["message"].endswith(
        f"in 4 sample(s) (t0@a, t1@a, t2@a, t3@a); rain_rate looks {factor} times too small, "
        f"as if written in {unit}"
    )


def test_rain_of_one_sample_in_another_unit(data, spoil):
    spoil(data, rain_rate=lambda rain: np.concatenate([rain[:1] / 12, rain[1:]]))
    finding = only(data, "volume", "error")
    assert finding["evidence"]["samples"] == ["t0@a"]
    assert finding["evidence"]["factor"] == 12


@pytest.mark.parametrize(("factor", "severity"), [(12, "warning"), (3600, "error")])
def test_rain_too_large(data, spoil, factor, severity):
    spoil(data, rain_rate=lambda rain: rain * factor)
    findings = found(data, "volume", severity)
    assert len(findings) == 3
    assert all(f["evidence"]["factor"] == factor for f in findings)
    assert f"rain_rate looks {factor} times too large" in findings[0]["message"]


def test_a_little_too_much_water_is_no_slip_of_units(data, spoil):
    spoil(data, water_depth=lambda depth: depth * np.float32(1.05))
    finding = found(data, "volume", "error")[0]
    assert finding["evidence"]["ratio"] == pytest.approx(1.05, abs=0.005)
    assert finding["message"].endswith("no slip of units explains it")
    assert name_factor(1.05) is None


def test_rain_of_cut_blocks_in_another_unit(cut_data, spoil):
    path = cut_data()
    assert found(path, "volume") == []  # single blocks take in more than falls on them
    spoil(path, rain_rate=lambda rain: rain / 12)
    assert {f["evidence"]["factor"] for f in found(path, "volume", "error")} == {12}


def test_losses_and_levels_excuse_what_they_explain(data, spoil):
    def lossy(row):
        row["settings"]["infiltration"] = "constant"

    spoil(data, rain_rate=lambda rain: rain * 12, rows=lossy)
    assert found(data, "volume") == []

    def level(row):
        row["settings"]["edge_east"] = "level"

    spoil(data, rain_rate=lambda rain: rain / 144, rows=level)
    assert found(data, "volume") == []


def test_no_rain(data, spoil):
    spoil(data, rain_rate=lambda rain: rain * 0)
    findings = found(data, "rain")
    assert [f["severity"] for f in findings] == ["error"] * 3
    assert "4 of them get wet all the same: t0@a, t1@a, t2@a, t3@a" in findings[0]["message"]
    spoil(data, water_depth=lambda depth: depth * 0)
    assert {f["severity"] for f in found(data, "rain")} == {"warning"}


def test_a_terrain_under_another_name(flood, tmp_path):
    """The same heights on another datum, elsewhere on the map."""
    paths = [flood(n, s) for n in range(3) for s in "ab"]
    paths += [flood(9, s, seed=1, name="twin") for s in "ab"]
    path = tmp_path / "d.zarr"
    build_dataset(paths, path, test_storm=["b"], test_block=["twin"], progress=False)
    spoil_heights = zarr.open_group(path, mode="r+")["elevation"]
    spoil_heights[3] = spoil_heights[3] + np.float32(100)
    finding = only(path, "ground", "error")
    assert finding["message"].endswith("under another name: twin is t1")
    assert finding["evidence"]["pairs"][0]["difference"] < 1e-3
    assert found(path, "places") == []


def test_one_place_under_two_names(flood, tmp_path):
    paths = [flood(n, s) for n in range(3) for s in "ab"] + [flood(1, s, name="twin") for s in "ab"]
    path = tmp_path / "d.zarr"
    build_dataset(paths, path, test_storm=["b"], test_block=["twin"], progress=False)
    finding = only(path, "places", "error")
    assert "t1 and twin (overlapping)" in finding["message"]
    assert only(path, "ground", "error")


def test_synthetic_grounds_at_one_place_are_told_apart(flood, tmp_path):
    paths = [flood(n, s) for n in range(3) for s in "ab"] + [
        flood(1, s, name="other", seed=40) for s in "ab"
    ]
    path = tmp_path / "d.zarr"
    build_dataset(paths, path, test_storm=["b"], test_block=["other"], progress=False)
    finding = only(path, "places", "warning")
    assert finding["evidence"]["pairs"] == [{"seen": "t1", "test": "other"}]
    assert found(path, "places", "error") == []
    assert found(path, "ground") == []


@pytest.mark.parametrize(("gap", "between"), [(0, "0 cells between"), (1, None), (4, None)])
def test_touching_blocks(cut_data, gap, between):
    findings = found(cut_data(gap=gap, test_block=["t0/0-0"]), "places")
    if between is None:
        assert findings == []
    else:
        assert f"t0/0-1 and t0/0-0 ({between})" in findings[0]["message"]
        assert {p["seen"] for p in findings[0]["evidence"]["pairs"]} == {
            "t0/0-1", "t0/1-0", "t0/1-1",
        }  # fmt: skip


def test_blocks_closer_than_the_gap(cut_data, spoil):
    path = cut_data(gap=2, side=8, test_block=["t0/0-0"])  # 4 cells between

    def nearer(row):
        if row["block"] == "t0/0-1":
            row["grid"]["left"] -= 30

    assert found(path, "places") == []
    spoil(path, rows=nearer)
    assert "t0/0-1 and t0/0-0 (1 cells between)" in only(path, "places", "error")["message"]


def test_a_changed_split(data, spoil):
    def change(row):
        if row["name"] == "t3@a":
            row["split"] = "train"

    spoil(data, rows=change)
    messages = [f["message"] for f in found(data, "split", "error")]
    assert messages[0] == "1 block(s) both in training and in the test: t3"
    assert messages[1].endswith("1 sample(s) stand elsewhere")

    def more(row):
        if row["name"] == "t0@c":
            row["split"] = "train"

    spoil(data, rows=more)
    assert "1 storm(s) both in training and in the test: c" in [
        f["message"] for f in found(data, "split", "error")
    ]


def test_a_changed_hash(data, spoil):
    spoil(data, attrs={"split_hash": "0" * 16})
    assert "hash 0000000000000000" in only(data, "split", "error")["message"]


def test_one_storm_under_two_names(flood, tmp_path):
    paths = [flood(n, s) for n in range(3) for s in ("a", "b", "a_again")]
    path = tmp_path / "d.zarr"
    build_dataset(paths, path, test_storm=["a_again"], progress=False)
    assert only(path, "storms", "error")["evidence"]["pairs"] == [{"seen": "a", "test": "a_again"}]
    copies = found(path, "copies")
    assert len(copies) == 1
    assert "t0@a = t0@a_again" in copies[0]["message"]


def test_a_copied_sample(data, spoil):
    names = [row.name for row in Samples(data).rows]
    train, test = names.index("t0@a"), names.index("t3@c")

    def copy(array):
        to, source = (train, test) if len(array) == len(names) else (0, 3)
        array[to] = array[source]
        return array

    spoil(data, rain_rate=copy, water_depth=copy, elevation=copy)
    assert "t0@a = t3@c" in only(data, "copies", "error")["message"]


def test_missing_values_and_negative_depth(data, spoil):
    def missing(array):
        array[0, 0, :12] = np.nan
        return array

    def negative(array):
        array[2, 0, 0, 0] = -1e-3
        return array

    spoil(data, rain_rate=missing, water_depth=negative)
    texts = {f["severity"]: f["message"] for f in found(data, "values")}
    result = [f["message"] for f in found(data, "values", "error")]
    assert "rain_rate is missing on known ground in 1 sample(s), up to 6.2 %: t0@a" in result
    assert "water_depth is negative in 1 sample(s): t0@c" in result
    assert set(texts) == {"error"}


def test_dry_samples_and_level_ground(data, spoil):
    spoil(data, water_depth=lambda depth: np.minimum(depth, np.float32(0.04)))
    dead = {f["evidence"].get("split"): f["severity"] for f in found(data, "dead")}
    assert dead == {"train": "error", "valid": "error", "test": "error", "unused": "warning"}
    spoil(data, elevation=lambda ground: ground * 0 + 5)
    assert "4 of 4 block(s) are level ground: t0, t1, t2, t3" in [
        f["message"] for f in found(data, "dead", "warning")
    ]


def test_settings_that_differ(flood, tmp_path):
    lossy = SimulateSettings(
        edges="closed", output_every_s=300, run_on_min=10, infiltration="constant"
    )
    paths = [flood(n, s) for n in range(2) for s in "ab"]
    paths += [flood(2, s, settings=lossy) for s in "ab"]
    build_dataset(paths, tmp_path / "d.zarr", progress=False)
    finding = only(tmp_path / "d.zarr", "settings", "warning")
    assert finding["message"] == ('the simulations differ in infiltration ("constant" or "none")')


def test_regimes(data, spoil, cut_data):
    finding = only(data, "regimes", "warning")
    assert finding["message"] == (
        "regime flat has 1 test block(s): intervals cannot be given, at least 3 are needed"
    )
    assert found(cut_data(), "regimes") == []

    def steep(row):
        if row["block"] == "t3":
            row["regime"] = "steep"

    spoil(data, rows=steep)
    assert "regime steep is tested but never trained on" in [
        f["message"] for f in found(data, "regimes")
    ]


def test_balance_by_hand(data, spoil):
    def quarter(depth):
        depth[:] = 0
        depth[:, :, :12, :12] = 0.05
        depth[:, 0, 0, 0] = 0.3
        return depth

    spoil(data, water_depth=quarter)
    share = describe_dataset(data)["wet_share"]["train"]
    assert share == {"0.05": pytest.approx(0.25), "0.3": pytest.approx(1 / (8 * 24 * 24))}
    spoil(data, water_depth=lambda depth: np.where(depth > 0.2, depth, 0))
    assert {f["evidence"]["split"] for f in found(data, "balance", "warning")} == {
        "train", "valid", "test",
    }  # fmt: skip


def test_description(data):
    result = describe_dataset(data)
    assert result["samples"] == 12
    assert result["terrains"] == ["t0", "t1", "t2", "t3"]
    assert result["storms"] == {"a": "train", "b": "train", "c": "test"}
    assert result["splits"]["test"] == {
        "samples": 1, "blocks": 1, "storms": ["c"], "regimes": {"flat": 1},
    }  # fmt: skip
    assert (result["frames"], result["interval_s"]) == ([8, 8], 300)
    assert (result["cell_sizes_m"], result["block_cells"]) == ([10], [(24, 24)])
    course = np.sin(np.pi * (np.arange(6) + 0.5) / 6).sum() / 12
    assert result["rain_mm"] == pytest.approx([45 * course, 60 * course, 80 * course], rel=1e-4)
    assert result["split_hash"] == Samples(data).attrs["split_hash"]


class TestCommands:
    def run(self, capsys, *words):
        code = main(["dataset", *map(str, words)])
        return code, *capsys.readouterr()

    def test_build_describe_audit(self, sims, tmp_path, capsys):
        path = tmp_path / "d.zarr"
        held = ("--test-storm", "c", "--test-block", "t3", "--block-cells", 8, "--seed", 2)
        code, out, _ = self.run(capsys, "build", *sims, "-o", path, *held, "--json")
        built = json.loads(out)
        assert (code, built["samples"], built["storms"]["c"]) == (0, 48, "test")
        assert (built["settings"]["block_cells"], built["settings"]["seed"]) == (8, 2)
        assert built["splits"]["test"]["blocks"] == 4
        code, out, err = self.run(capsys, "describe", path, "--json")
        assert (code, json.loads(out), err) == (0, built, "")
        code, out, _ = self.run(capsys, "audit", path, "--strict", "--json")
        assert (code, json.loads(out)["errors"]) == (0, 0)
        code, out, _ = self.run(capsys, "describe", path)
        assert "48 samples, 16 blocks of 4 terrain(s), 3 storms" in out
        assert "held-out storms: c" in out

    def test_settings_from_a_file_and_flags(self, sims, tmp_path, capsys):
        config = tmp_path / "run.toml"
        config.write_text("[dataset]\nblock_cells = 12\ngap_cells = 0\nseed = 5\n")
        words = ("--config", config, "--gap-cells", 0, "--block-cells", 24, "--json")
        _, out, _ = self.run(capsys, "build", *sims, "-o", tmp_path / "d.zarr", *words)
        settings = json.loads(out)["settings"]
        assert (settings["block_cells"], settings["gap_cells"], settings["seed"]) == (24, 0, 5)
        config.write_text("[dataset]\nblock_cell = 12\n")
        code, _, err = self.run(capsys, "build", *sims, "-o", tmp_path / "e.zarr", *words)
        assert code == 2
        assert "key 'block_cell' is not known; did you mean 'block_cells'?" in err

    def test_overwrite(self, sims, data, capsys):
        code, _, err = self.run(capsys, "build", *sims, "-o", data)
        assert code == 6
        assert err.startswith(f"error: writing {data}: it exists already\n")
        code, out, _ = self.run(capsys, "build", *sims, "-o", data, "--overwrite")
        assert code == 0
        assert "12 samples" in out

    def test_audit_lists_findings_and_fails_when_strict(self, data, spoil, capsys):
        spoil(data, rain_rate=lambda rain: rain / 12)
        code, out, err = self.run(capsys, "audit", data)
        assert (code, err) == (0, "")
        assert out.startswith(f"{data}: 3 error(s), 1 warning(s) in 12 samples, split ")
        assert "rain_rate looks 12 times too small, as if written in mm per 5 min" in out
        assert "nothing found by: split, places, storms, copies, values, dead, settings" in out
        code, out, err = self.run(capsys, "audit", data, "--strict", "--json")
        assert code == 3
        assert json.loads(out)["errors"] == 3
        assert err.startswith(f"error: auditing {data}: 3 error(s), expected none; the first: ")

    @pytest.mark.parametrize("command", ["describe", "audit"])
    def test_absent(self, command, tmp_path, capsys):
        code, _, err = self.run(capsys, command, tmp_path / "none.zarr")
        assert code == 3
        assert "no such file or folder" in err

    def test_unknown_storm(self, sims, tmp_path, capsys):
        code, _, err = self.run(
            capsys, "build", *sims, "-o", tmp_path / "d.zarr", "--test-storm", "z"
        )
        assert code == 2
        assert err.startswith("error: splitting: no test storm 'z'; known are a, b, c\n")
