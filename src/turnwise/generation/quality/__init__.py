"""How good generated conversations are: faults, measures, judges, and what is kept."""
