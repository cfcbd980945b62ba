"""How sure an emulated depth is: three ways to a spread, one finishing, one calibration."""
