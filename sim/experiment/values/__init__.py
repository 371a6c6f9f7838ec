"""What is given as a value: numbers with units, tables of files, names times a number, columns of a CSV."""
