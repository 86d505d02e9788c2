"""Live audio: ring buffer, devices, sound track of a recording."""
