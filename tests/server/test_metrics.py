"""The metrics are in Prometheus' text format."""

import re

from tests.server.client import Client
from vidstyle.server.metrics import Histogram


def test_buckets_count_all_durations_up_to_their_bound() -> None:
    histogram = Histogram((0.1, 1.0))
    for seconds in (0.05, 0.1, 0.5, 5.0):
        histogram.observe(seconds)
    assert list(histogram.lines("x"))[1:] == [
        'x_bucket{le="0.1"} 2',
        'x_bucket{le="1.0"} 3',
        'x_bucket{le="+Inf"} 4',
        "x_sum 5.650000",
        "x_count 4",
    ]


def test_each_line_is_a_type_or_a_sample(client: Client) -> None:
    client.get("nothing")
    lines = client.get("metrics").content.decode().splitlines()
    for line in lines:
        assert re.fullmatch(r"# TYPE \w+ (counter|gauge|histogram)|\w+({\w+=\".+\"})? [\d.]+", line)
    assert 'vidstyle_http_responses_total{status="404"} 1' in lines
