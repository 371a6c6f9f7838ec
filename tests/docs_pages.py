"""What pages of the docs promise, for the tests that run their code."""


def promised(code):
    """What a block says that it prints: behind a print, or in lines of their own."""
    found = []
    for line in code.splitlines():
        if line.startswith("# "):
            found.append(line.removeprefix("# "))
        elif line.lstrip().startswith("print(") and "  # " in line:
            found.append(line.rpartition("  # ")[2].strip())
    return found
