"""When each method first shows the mineral of a result."""
