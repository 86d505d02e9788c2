from vidstyle.stylize.boxes import overlap, shifted


def test_the_overlap_is_what_both_have() -> None:
    assert overlap((0, 0, 10, 8), (4, 2, 20, 30)) == (4, 2, 10, 8)
    assert overlap((4, 2, 20, 30), (5, 5, 6, 6)) == (5, 5, 6, 6)


def test_boxes_that_touch_have_no_pixel_in_common() -> None:
    assert overlap((0, 0, 10, 8), (10, 0, 20, 8)) is None
    assert overlap((0, 0, 10, 8), (0, 20, 10, 30)) is None


def test_a_shifted_box_keeps_its_size() -> None:
    assert shifted((1, 2, 5, 9), 10, -2) == (11, 0, 15, 7)
