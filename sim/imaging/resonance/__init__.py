"""Magnetic resonance: field of mineral, gradient echoes, susceptibility maps."""
