"""Parts of sources that can be read anywhere: descriptions, which hold no bytes."""
