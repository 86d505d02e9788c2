"""Scene: consecutive frames that are optimized together; known without PySceneDetect."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scene:
    """Consecutive frames of the input that are optimized together; serialized as JSON."""

    number: int
    start: int  # index of the first frame, from where reading the input starts
    frames: int
    continues: bool = False  # True if it continues the previous scene, which was too long
