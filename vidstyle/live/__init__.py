"""The live filter: from a camera to a window, a virtual camera or a recording."""
