"""Simulated lesions as instruments show them: numbers of pictures, without drawing them."""
