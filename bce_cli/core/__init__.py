"""The mathematics: NumPy arrays in, arrays or frozen records out; no files, frames or terminals."""
