"""The pieces of a Newton step as straight lines: functions of registers, for programs of vector code."""
