"""When what is done to tissue begins and ends."""
