"""Person masks of photos and of successive frames, with a stand-in for the network."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest

from vidstyle.frame import Mask, Picture, Plane
from vidstyle.stylize import person_mask
from vidstyle.stylize.flow import FlowPath, thumbnail
from vidstyle.stylize.person_mask import (
    ABSENT,
    INTERVAL,
    PHOTO_LINES,
    PRESENT,
    VIDEO_LINES,
    MaskTracker,
    person_share,
)
from vidstyle.stylize.segmentation import Segmentation

HEIGHT, WIDTH = 72, 128
EDGE = 48  # px: right of it is the person, who is bright

Segment = Callable[[Picture], Segmentation]


def picture(edge: int = EDGE, height: int = HEIGHT, width: int = WIDTH) -> Picture:
    image = np.full((height, width, 3), 60, np.uint8)
    image[:, edge:] = 200
    return Picture.from_rgb(image)


def bright(seen: Picture) -> Mask:
    """Mask of the bright pixels, blurred as a network of low resolution does."""
    mask = (seen.y > 128).astype(np.float32)
    return np.asarray(cv2.blur(mask, (5, 5)), np.float32)


class Network:
    """Stand-in that counts its calls; its mask is `bright`, its score `presence`."""

    def __init__(self) -> None:
        self.calls, self.presence = 0, 5.0
        self.mask: Callable[[Picture], Mask] = bright

    def __call__(self, seen: Picture) -> Segmentation:
        self.calls += 1
        return Segmentation(self.mask(seen), self.presence)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    made = Network()
    monkeypatch.setattr(person_mask, "segment", made)
    yield made


def still(small: Plane) -> FlowPath:
    return FlowPath(
        np.zeros((*small.shape, 2), np.float32), np.ones(small.shape, np.float32), steps=1
    )


def shared(
    tracker: MaskTracker, seen: Picture, flow: FlowPath | None, only: str = "person"
) -> Mask:
    return tracker.person_share(seen, thumbnail(seen), flow, only)


def test_the_edge_is_that_of_the_picture(network: Network) -> None:
    share = person_share(picture(), "person")
    assert share.shape == (HEIGHT, WIDTH)
    assert share[:, : EDGE - 2].max() < 0.05
    assert share[:, EDGE + 2 :].min() > 0.95


def test_a_mask_that_is_off_is_drawn_to_the_edge_of_the_picture(network: Network) -> None:
    network.mask = lambda seen: bright(picture(EDGE + 1))
    share = person_share(picture(), "person")
    plain = bright(picture(EDGE + 1))
    wanted = (picture().y > 128).astype(np.float32)
    assert np.abs(share - wanted).mean() < 0.8 * np.abs(plain - wanted).mean()


def test_the_background_is_the_rest(network: Network) -> None:
    person, background = (person_share(picture(), only) for only in ("person", "background"))
    assert np.allclose(person + background, 1, atol=1e-5)


def test_without_a_person_nothing_or_all_is_painted(network: Network) -> None:
    network.presence = ABSENT - 1
    assert person_share(picture(), "person").max() == 0
    assert person_share(picture(), "background").min() == 1


def test_in_doubt_the_mask_is_faint(network: Network) -> None:
    network.presence = (ABSENT + PRESENT) / 2
    assert person_share(picture(), "person")[:, -10:].mean() == pytest.approx(0.5, abs=0.02)


def test_large_pictures_have_masks_of_fewer_lines(network: Network) -> None:
    large = picture(height=2 * PHOTO_LINES, width=2 * PHOTO_LINES)
    assert person_share(large, "person").shape == (PHOTO_LINES, PHOTO_LINES)
    tracked = shared(MaskTracker(), large, None)
    assert tracked.shape == (VIDEO_LINES, VIDEO_LINES)


def test_masks_of_deep_pictures_are_those_of_plain_ones(network: Network) -> None:
    seen = picture()
    y, u, v = (plane.astype(np.uint16) * 256 for plane in seen.planes)
    deep = Picture(y, u, v, seen.color)
    network.mask = lambda _: bright(seen)
    assert np.allclose(person_share(deep, "person"), person_share(seen, "person"), atol=1e-3)


def test_between_two_runs_of_the_network_the_mask_follows_the_flow(network: Network) -> None:
    tracker, first = MaskTracker(), picture()
    shared(tracker, first, None)
    moved = picture(EDGE + 8)
    flow = still(thumbnail(moved))
    flow.flow[..., 0] = -8  # the frame shows what was 8 px further left
    share = shared(tracker, moved, flow)
    assert network.calls == 1
    assert share[:, : EDGE + 5].max() < 0.05
    assert share[:, EDGE + 11 :].min() > 0.95


def test_the_network_runs_at_an_interval(network: Network) -> None:
    tracker, seen = MaskTracker(), picture()
    shared(tracker, seen, None)
    for _ in range(4 * INTERVAL):
        shared(tracker, seen, still(thumbnail(seen)))
    assert network.calls == 1 + 4


def test_a_new_mask_corrects_the_one_so_far_only_in_part_where_the_flow_is_sure(
    network: Network,
) -> None:
    tracker, seen = MaskTracker(), picture(0)  # bright everywhere
    shared(tracker, seen, None)
    network.mask = lambda picture: 0 * bright(picture)
    flow = still(thumbnail(seen))
    flow.confidence[:, : WIDTH // 2] = 0
    for _ in range(INTERVAL):
        share = shared(tracker, seen, flow)
    assert share[:, : WIDTH // 2 - 4].max() == 0
    assert 0.4 < share[:, WIDTH // 2 + 4 :].mean() < 0.8


def test_a_cut_starts_anew(network: Network) -> None:
    tracker, seen = MaskTracker(), picture()
    shared(tracker, seen, None)
    network.mask, network.presence = (lambda picture: 1 - bright(picture)), PRESENT
    share = shared(tracker, seen, None)
    assert network.calls == 2
    assert share[:, : EDGE - 2].min() > 0.95
    assert share[:, EDGE + 2 :].max() < 0.05


def test_one_frame_without_a_visible_person_does_not_end_the_mask(network: Network) -> None:
    tracker, seen = MaskTracker(), picture()
    shared(tracker, seen, None)
    network.presence = ABSENT - 2
    flow = still(thumbnail(seen))
    shares = [shared(tracker, seen, flow)[:, -10:].mean() for _ in range(20 * INTERVAL)]
    assert shares[INTERVAL] > 0.95
    assert shares[-1] == 0
