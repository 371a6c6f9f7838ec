"""The commands of `hapsim`, a file each. Heavy imports are inside them: --help stays quick."""
