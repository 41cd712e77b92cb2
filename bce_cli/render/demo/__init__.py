"""The steps of `bce demo` as pages: formulas, tables, curves and what was just seen."""
