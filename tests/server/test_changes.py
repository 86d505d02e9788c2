"""Changes wake threads and coroutines, and none is missed in between."""

import asyncio
import threading

from vidstyle.server.changes import Changes


def test_a_change_before_the_wait_is_not_missed() -> None:
    changes = Changes()
    seen = changes.number
    changes.notify()
    changes.wait(seen, 60)
    asyncio.run(changes.wait_async(seen, 60))


def test_a_change_wakes_threads_and_coroutines() -> None:
    changes = Changes()

    async def wait() -> None:
        threads = [threading.Thread(target=changes.wait, args=(0, 60)) for _ in range(2)]
        for thread in threads:
            thread.start()
        waits = [asyncio.create_task(changes.wait_async(0, 60)) for _ in range(2)]
        await asyncio.sleep(0)  # both wait now
        await asyncio.to_thread(changes.notify)
        await asyncio.gather(*waits)
        for thread in threads:
            thread.join(60)

    asyncio.run(wait())
    assert not changes._waiting


def test_a_wait_ends_after_its_time_and_at_the_end() -> None:
    changes = Changes()
    changes.wait(0, 0)
    asyncio.run(changes.wait_async(0, 0))
    changes.close()
    changes.wait(10, 60)
    asyncio.run(changes.wait_async(10, 60))
    assert changes.is_closed
