"""The page of a report: what stands on it, its pictures, and the HTML that it becomes."""
