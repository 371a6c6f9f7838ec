"""What a notebook shows of objects: plain HTML."""
