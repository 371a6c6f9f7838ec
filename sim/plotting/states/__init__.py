"""Pictures of what fluids and crystals are like, whatever place they are at."""
