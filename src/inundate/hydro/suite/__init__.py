"""The solver beside exact solutions and laws that it must keep; ``inundate check`` runs it."""
