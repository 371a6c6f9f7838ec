"""What is in force at a time of a run: parameters, and the fluid outside."""
