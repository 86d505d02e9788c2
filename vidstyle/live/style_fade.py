"""Style fade: live cross-fade from the painting of one style to the next.

The last keyframe of the old style is warped along with the scene while it fades out, so that only
the new style needs the network.
"""

from vidstyle.frame import Picture
from vidstyle.live.propagation import ActiveKeyframe
from vidstyle.stylize.finish import Finish
from vidstyle.stylize.warp import blend, propagate


class StyleFade:
    """Cross-fade after a change of style; belongs to the thread of its `LiveStylizer`."""

    def __init__(self, seconds: float) -> None:
        """Set the length of a cross-fade; 0 for changes at once."""
        self._seconds, self._begun_s = seconds, 0.0
        self.outgoing: ActiveKeyframe | None = None  # of the old style; None without a cross-fade

    def begin(self, outgoing: ActiveKeyframe, time_s: float) -> None:
        """Begin to fade out a keyframe.

        Args:
            outgoing: newest keyframe of the old style; its path is to be extended by each frame.
            time_s: presentation time of the frame in seconds.
        """
        if self._seconds > 0:
            self.outgoing, self._begun_s = outgoing, time_s

    def end(self) -> None:
        """Show the new style alone from now on, as at a cut."""
        self.outgoing = None

    def applied(self, painting: Picture, finish: Finish, time_s: float) -> tuple[Picture, Finish]:
        """Mix the old style into a painting of the new one, where the old one shows the scene.

        Args:
            painting: of the new style, at the working size.
            finish: of the new style.
            time_s: presentation time of the frame in seconds.

        Returns:
            The mixed painting and finish; both unchanged without a cross-fade.
        """
        old, progress = self.outgoing, self._progress(time_s)
        if old is None or progress >= 1:
            self.end()
            return painting, finish
        path = old.keyframe.path
        faded = propagate(old.resized(painting.width, painting.height).painting, path)
        mixed = blend(faded, painting, 1 - (1 - progress) * path.confidence)
        return mixed, Finish.mixed([(old.finish, 1 - progress), (finish, progress)])

    def _progress(self, time_s: float) -> float:
        return (time_s - self._begun_s) / self._seconds if self._seconds > 0 else 1.0
