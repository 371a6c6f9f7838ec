"""What a change of pores does to transport, as a part of Newton's matrix."""
