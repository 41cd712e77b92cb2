"""How binary cross-entropy comes about, step by step: plain functions of rows, frozen results.

Each function that ends in `_step` is a step of `bce demo`. It takes validated rows and returns
numbers computed with the same code as `bce compute`; nothing here draws or prints.
"""
