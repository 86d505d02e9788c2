"""Every setting is checked in one place."""

import math
import typing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidstyle.errors import OptionError, VidstyleError
from vidstyle.flags import flag_of, with_flags
from vidstyle.options import (
    ExportOptions,
    LiveOptions,
    StylizeOptions,
    TrainOptions,
    settings,
)
from vidstyle.stylize.catalog import shipped_style


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("every", 0),
        ("quality", "best"),
        ("features", "vgg11"),
        ("time_budget", "soon"),
        ("time_budget", "0m"),
        ("time_budget", "-5s"),
        ("time_budget", "10m"),  # without quality="full"
        ("strength", -0.1),
        ("strength", 1.1),
        ("scale", 0),
        ("scale", 1.5),
        ("max_height", 15),
        ("start", -1),
        ("end", 0),
        ("crf", -1),
        ("crf", 64),
        ("size", "720"),
        ("size", "9000p"),
        ("size", "8x8"),
        ("fps", 0.5),
        ("fps", 241),
        ("bitrate", "fast"),
        ("bitrate", "9k"),
        ("bitrate", "2G"),
        ("threads", 0),
    ],
)
def test_a_senseless_value_is_refused_by_name(name: str, wrong: Any) -> None:
    with pytest.raises(OptionError, match=f"^{name} must be ") as refused:
        StylizeOptions(**{name: wrong})
    assert with_flags(refused.value).startswith(f"{flag_of(name)} must be ")


@pytest.mark.parametrize(
    ("name", "right"),
    [("every", 1), ("strength", 0), ("strength", 1), ("scale", 1), ("crf", 0), ("threads", 1)],
)
def test_the_limits_themselves_are_allowed(name: str, right: Any) -> None:
    assert getattr(StylizeOptions(**{name: right}), name) == right


@pytest.mark.parametrize(
    ("words", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("1.5h", 5400), (None, None)]
)
def test_a_time_budget_is_a_number_and_a_unit(words: str | None, seconds: float | None) -> None:
    assert StylizeOptions(quality="full", time_budget=words).time_budget_s == seconds


@pytest.mark.parametrize(
    ("kind", "name", "wrong", "said"),
    [
        (StylizeOptions, "strength", "0.5", "a number, not '0.5' (str)"),
        (StylizeOptions, "strength", None, "a number, not None (NoneType)"),
        (StylizeOptions, "strength", True, "a number, not True (bool)"),
        (StylizeOptions, "max_height", 360.0, "a whole number or None, not 360.0 (float)"),
        (StylizeOptions, "keep_colors", 1, "True or False, not 1 (int)"),
        (StylizeOptions, "threads", "auto", "a whole number or None, not 'auto' (str)"),
        (StylizeOptions, "codec", 264, "text or a path or None, not 264 (int)"),
        (StylizeOptions, "style", 3, "a name, a path or a mix, not int"),
        (LiveOptions, "camera", 0, "text or a path, not 0 (int)"),
        (TrainOptions, "minutes", "20", "a number, not '20' (str)"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_by_name(
    kind: type[Any], name: str, wrong: Any, said: str
) -> None:
    with pytest.raises(TypeError) as refused:
        kind(**{name: wrong})
    assert str(refused.value) == f"{name} must be {said}."


def test_numbers_of_numpy_and_whole_numbers_are_numbers() -> None:
    options = StylizeOptions(strength=1, max_height=np.int64(360), crf=np.float32(20))  # type: ignore[arg-type]
    assert (options.strength, options.max_height, options.crf) == (1, 360, 20)


@pytest.mark.parametrize(
    ("kind", "name"),
    [(StylizeOptions, "style"), (LiveOptions, "camera"), (TrainOptions, "content")],
)
def test_a_path_counts_as_its_text(kind: type[Any], name: str) -> None:
    assert getattr(kind(**{name: Path("ink.onnx")}), name) == "ink.onnx"


def test_an_entry_of_the_catalog_counts_as_its_name() -> None:
    entry: Any = shipped_style("udnie")
    assert StylizeOptions(style=entry).style == "udnie"


@pytest.mark.parametrize(
    ("kind", "name", "wrong", "said"),
    [
        (StylizeOptions, "strength", 2, "between 0 and 1, not 2"),
        (StylizeOptions, "threads", 0, "at least 1, or None, not 0"),
        (StylizeOptions, "quality", "best", 'one of fast, full, not "best"'),
        (LiveOptions, "size", "1280", 'two even numbers, as 1280x720, not "1280"'),
    ],
)
def test_a_refused_value_is_named(kind: type[Any], name: str, wrong: Any, said: str) -> None:
    with pytest.raises(OptionError) as refused:
        kind(**{name: wrong})
    assert str(refused.value) == f"{name} must be {said}."


def test_a_size_that_gets_out_of_hand_is_refused() -> None:
    options = StylizeOptions(size="-1x4000")
    assert options.sized_wh(1920, 1080) == (7112, 4000)
    with pytest.raises(
        OptionError, match=r"^size -1x4000 makes 40000x4000 px of 1000x100\. It must"
    ):
        options.sized_wh(1000, 100)


@pytest.mark.parametrize("pair", [{"size": "720p", "resize": True}, {"bitrate": "2M", "crf": 20.0}])
def test_settings_of_the_same_thing_exclude_each_other(pair: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match="must be without"):
        StylizeOptions(**pair)


def test_the_end_comes_after_the_start() -> None:
    with pytest.raises(OptionError, match=r"^end must be later than start"):
        StylizeOptions(start=2, end=2)


def test_a_wrong_option_is_a_vidstyle_error() -> None:
    assert issubclass(OptionError, VidstyleError)


@pytest.mark.parametrize("kind", [StylizeOptions, TrainOptions, ExportOptions])
def test_every_setting_explains_itself(kind: type[Any]) -> None:
    assert all(setting.metadata["help"] for setting in settings(kind))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("size", "56k"),
        ("minutes", 0),
        ("minutes", float("nan")),
        ("steps", 0),
        ("features", "vgg11"),
        ("style_weight", -1),
        ("content_weight", -0.1),
        ("tv_weight", -1),
        ("temporal_weight", -1),
        ("own_colors", -0.1),
        ("own_colors", 1.1),
        ("style_scale", 0.1),
        ("style_scale", 6),
        ("batch", 0),
        ("seed", -1),
        ("precision", "float16"),
        ("pixels", "int16"),
        ("threads", 0),
        ("name", "a/b"),
        ("name", "a\\b"),
        ("name", " "),
        ("name", ""),
    ],
)
def test_a_senseless_value_for_training_is_refused_by_name(name: str, wrong: Any) -> None:
    with pytest.raises(OptionError, match=f"^{name} must be ") as refused:
        TrainOptions(**{name: wrong})
    assert with_flags(refused.value).startswith(f"{flag_of(name)} must be ")


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("minutes", 0.01),
        ("steps", 1),
        ("style_weight", 0),
        ("style_scale", 0.2),
        ("style_scale", 5),
        ("batch", 1),
        ("seed", 0),
        ("name", "Starry Night 2.0"),
    ],
)
def test_the_limits_of_training_are_allowed(name: str, right: Any) -> None:
    assert getattr(TrainOptions(**{name: right}), name) == right


def test_resuming_and_starting_afresh_exclude_each_other() -> None:
    with pytest.raises(OptionError, match=r"^resume must be without overwrite") as refused:
        TrainOptions(resume=True, overwrite=True)
    assert with_flags(refused.value) == "--resume must be without --overwrite."


@pytest.mark.parametrize(
    ("size_wh", "options", "expected"),
    [
        ((1920, 1080), {}, (854, 480)),
        ((1080, 1920), {}, (480, 854)),
        ((640, 360), {}, (640, 360)),
        ((321, 241), {}, (321, 241)),
        ((1920, 1080), {"max_height": 240}, (426, 240)),
        ((640, 360), {"scale": 0.5}, (320, 180)),
        ((1920, 1080), {"scale": 0.9}, (854, 480)),
        ((1, 1), {"scale": 0.1}, (1, 1)),
        ((1, 4000), {}, (1, 4000)),
    ],
)
def test_the_working_size_is_even_and_never_larger(
    size_wh: tuple[int, int], options: dict[str, Any], expected: tuple[int, int]
) -> None:
    assert StylizeOptions(**options).working_size_wh(*size_wh) == expected


def test_a_chosen_working_size_replaces_the_usual_one() -> None:
    assert StylizeOptions().working_size_wh(1920, 1080, 720) == (1280, 720)
    assert StylizeOptions(max_height=240).working_size_wh(1920, 1080, 720) == (426, 240)


@pytest.mark.parametrize("option", [{"max_height": 480}, {"scale": 0.5}, {"quality": "full"}])
def test_the_style_sets_the_strokes_unless_a_size_is_chosen(option: dict[str, Any]) -> None:
    assert StylizeOptions().style_strokes
    assert not StylizeOptions(**option).style_strokes


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"size": "1280"}, "--size must be two even numbers"),
        ({"size": "1279x720"}, "--size must be two even numbers"),
        ({"size": "axb"}, "--size must be two even numbers"),
        ({"fps": 0.5}, "--fps must be between 1 and 240"),
        ({"camera": " "}, "--camera must be a number"),
        ({"max_cpu": 0.0}, "--max-cpu must be over 0"),
        ({"lines": 8}, "--lines must be at least 16"),
        ({"pixels": "rgb"}, "--pixels must be one of i420, yuyv"),
        ({"every": 0}, "--every must be a whole number"),
        ({"seconds": 0.0}, "--seconds must be over 0"),
        ({"osc": "port"}, "--osc must be a port, as 9000, or HOST:PORT"),
        ({"osc": "0.0.0.0:0"}, "--osc must be a port"),
        ({"osc": "65536"}, "--osc must be a port"),
        ({"style": "wave:1"}, "a mix takes at least two styles"),
        ({"audio": True, "play_audio": True}, "--audio must be without --play-audio"),
    ],
)
def test_live_settings_that_make_no_sense_are_said(more: dict[str, Any], reason: str) -> None:
    with pytest.raises(OptionError) as refused:
        LiveOptions(**more)
    assert reason in with_flags(refused.value)
    assert "--" not in str(refused.value)


@pytest.mark.parametrize("kind", [StylizeOptions, LiveOptions, TrainOptions])
def test_no_number_is_too_large_to_be_refused(kind: type[Any]) -> None:
    numbers = [s.name for s in settings(kind) if {int, float} & {*typing.get_args(s.type), s.type}]
    assert len(numbers) > 5
    for name in numbers:
        whole = int in {*typing.get_args(kind.__annotations__.get(name)), int}
        for huge in [10**30, *([] if whole else [math.inf, 1e300])]:
            with pytest.raises((OptionError, TypeError), match=f"^{name} must be "):
                kind(**{name: huge})


@pytest.mark.parametrize("number", [math.inf, 1e14, 10**30])
def test_times_without_end_are_refused(number: float) -> None:
    for given in ({"start": number}, {"end": number}, {"crf": number}):
        (name,) = given
        with pytest.raises(OptionError, match=f"^{name} must be "):
            StylizeOptions(**given)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=r"^time_budget must be a time"):
        StylizeOptions(quality="full", time_budget=f"{number}h")


@pytest.mark.parametrize("size", ["999998x999998", "64x8194", f"{'9' * 5000}x2"])
def test_live_pictures_have_a_largest_size(size: str) -> None:
    with pytest.raises(OptionError, match=r"^size must be "):
        LiveOptions(size=size)
    assert LiveOptions(size="8192x64").size_wh == (8192, 64)


def test_an_output_is_as_large_as_its_settings_say() -> None:
    assert StylizeOptions().output_size_wh(1920, 1080) == (1920, 1080)
    assert StylizeOptions(resize=True).output_size_wh(1920, 1080) == (854, 480)
    assert StylizeOptions(resize=True, compare=True).output_size_wh(1920, 1080) == (1708, 480)


def test_a_size_is_two_numbers() -> None:
    assert LiveOptions(size="1280x720").size_wh == (1280, 720)
    assert LiveOptions().size_wh is None


@pytest.mark.parametrize("kind", [StylizeOptions, TrainOptions, LiveOptions, ExportOptions])
def test_an_empty_text_is_no_value(kind: type[Any]) -> None:
    texts = [
        s.name for s in settings(kind) if "str" in str(s.type) and not s.metadata.get("choices")
    ]
    assert texts
    for name in texts:
        with pytest.raises(OptionError, match=f"^{name} must be left out or filled in, not empty"):
            kind(**{name: ""})


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"size": "640x361", "to": "tflite"}, "size must be as 640x360, in multiples of 4"),
        ({"size": "720p", "to": "tflite"}, "size must be as 640x360"),
        ({"size": "32x64", "to": "tflite"}, "size must be as 640x360"),
        ({"size": "640x360"}, "size must be left out: to onnx, any size fits"),
        (
            {"precision": "int8", "to": "coreml"},
            "precision int8 must be with to tflite or web, or to onnx",
        ),
        (
            {"precision": "int8", "form": "mobile"},
            "precision int8 must be with to tflite or web, or to onnx",
        ),
        ({"precision": "int8", "to": "triton"}, "form desktop"),
        ({"form": "desktop", "to": "tflite"}, "form must be mobile or auto with to tflite"),
        ({"form": "mobile", "to": "torch"}, "form must be desktop or auto with to torch"),
    ],
)
def test_exports_that_no_runtime_takes_are_refused(more: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        ExportOptions(**more)


def test_an_export_takes_what_suits_its_runtime() -> None:
    assert [ExportOptions(to=to).mobile for to in ("onnx", "torch", "triton")] == [
        False,
        False,
        True,
    ]
    assert [ExportOptions(to=to).int8 for to in ("onnx", "coreml", "tflite")] == [
        False,
        False,
        True,
    ]
    assert ExportOptions(to="web").sides == (640, 360)
    assert ExportOptions(to="triton").sides is None
    assert ExportOptions(to="coreml", size="1280x720").sides == (1280, 720)
    assert not ExportOptions(to="tflite", precision="float32").int8


@pytest.mark.parametrize(
    ("osc", "address"),
    [
        (None, None),
        ("9000", ("127.0.0.1", 9000)),
        ("0.0.0.0:9000", ("0.0.0.0", 9000)),
        ("[::1]:9000", ("::1", 9000)),
    ],
)
def test_osc_is_taken_from_this_machine_unless_a_host_is_named(
    osc: str | None, address: tuple[str, int] | None
) -> None:
    assert LiveOptions(osc=osc).osc_address == address
