"""What threads of the explorer are called, by which those that go on are found."""

RUN_THREAD, DRAWING_THREAD = "hapsim run", "hapsim drawing"
