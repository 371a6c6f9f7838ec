"""The pore water of blocks of cells, as generated code calls it: straight lines, rows, one by one."""
