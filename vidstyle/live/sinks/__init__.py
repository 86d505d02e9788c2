"""Live sinks: window, virtual camera, recorder."""
