"""Pictures that instruments make of tissue, as they are looked at."""
