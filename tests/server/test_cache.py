"""The cache keeps what was used last, within its bytes."""

from vidstyle.server.cache import ByteCache


def test_the_least_recently_used_content_makes_room() -> None:
    cache = ByteCache(10)
    for key in "abc":
        cache.put(key, bytes(4))
        cache.get("a")
    assert [key for key in "abc" if cache.get(key)] == ["a", "c"]
    cache.put("c", bytes(6))  # replaced, not added
    assert cache.get("a") and cache.get("c")
    cache.put("d", bytes(11))  # larger than the cache
    assert not any(map(cache.get, "acd"))
