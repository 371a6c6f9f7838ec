"""Linear systems of Newton's method and of diffusion."""
