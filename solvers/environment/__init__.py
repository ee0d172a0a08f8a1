"""What moves beside the performance: breath, rest, what hangs, and the camera. Each of it is a layer of its own."""
