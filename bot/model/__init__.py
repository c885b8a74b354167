"""What things are: frozen dataclasses, enums, protocols. No I/O, nothing of ours."""
