"""Vector code written out as straight lines: registers of 8 cells, programs of them, machine code."""
