"""Commands that write a result for other programs: tables, ParaView's files, medical pictures."""
