"""Exact solutions of flow over ground, by kind; :mod:`inundate.hydro.analytic` names them all."""
