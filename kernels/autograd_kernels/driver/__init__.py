"""What runs kernels without Python between them: replays, small ops, launches."""
