"""Functions of one number, for float32 and float64, which vectorise in any loop."""
