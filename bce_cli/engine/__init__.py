"""How blocks are run; no arithmetic on losses happens here."""
