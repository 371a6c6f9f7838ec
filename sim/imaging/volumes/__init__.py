"""A result as a body in three dimensions: cells of any geometry as a block, and means of it over voxels."""
