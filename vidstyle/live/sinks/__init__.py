"""Live sinks: window, virtual camera, recorder; consumer detection for the virtual camera."""
