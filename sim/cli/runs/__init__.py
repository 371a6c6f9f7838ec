"""Commands that run a scenario, go on with a run, and write the script of one."""
