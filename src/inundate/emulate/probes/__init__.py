"""Physics probes for gridded depth: what every flood obeys, asked of any predictor.

A predictor is a function of a :class:`~inundate.emulate.probes.ground.Ground` that gives depth;
:func:`~inundate.emulate.probes.suite.run_probes` asks it all of them.
"""
