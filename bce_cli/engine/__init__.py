"""How pieces are run; no arithmetic on losses happens here."""
