"""Compiled code and its one cache: `kernel` compiles a function, `closure` names what it depends on."""
