"""Sample clip, its sound, and the animation of the README."""
