"""What is made of a request: a run in a thread, pictures, tables, files. No widgets."""
