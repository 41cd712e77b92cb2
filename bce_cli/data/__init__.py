"""Sources as one stream of rows: tables that follow each other, stand side by side, or join."""
