"""Measured volumes laid over a grid: on flat cells, and on the shells of cylinders and spheres."""
