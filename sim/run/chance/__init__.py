"""Nucleation by chance: whole crystals drawn while a run goes on."""
