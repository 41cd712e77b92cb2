"""The mathematics: NumPy arrays in, arrays or frozen records out. Knows no files, frames or terminals."""
