"""Placeholder picture, shown while the source gives no frames."""

import cv2
import numpy as np

from vidstyle.frame import BT601, ColorSpace, Picture

TOP, BOTTOM, INK = (38, 44, 62), (20, 22, 30), (214, 208, 190)  # RGB of gradient and text
FONT_SHARE = 0.06  # font size over the picture's height


def placeholder(width: int, height: int, text: str) -> Picture:
    """Draw a dark gradient with one centered line of text; sizes in pixels, BT.601."""
    shade = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    top, bottom = np.array(TOP, np.float32), np.array(BOTTOM, np.float32)
    column = top * (1 - shade) + bottom * shade
    image = np.ascontiguousarray(np.broadcast_to(column, (height, width, 3)).astype(np.uint8))
    font, size = cv2.FontFace("sans"), max(8, round(height * FONT_SHARE))
    left, _, text_width, _ = cv2.getTextSize((width, height), text, (0, 0), font, size)
    if text_width > 0.9 * width:
        size = max(6, int(size * 0.9 * width / text_width))
        left, _, text_width, _ = cv2.getTextSize((width, height), text, (0, 0), font, size)
    place = ((width - text_width) // 2 - left, (height + size) // 2)
    cv2.putText(image, text, place, INK, font, size)
    return Picture.from_rgb(image, ColorSpace(BT601))
