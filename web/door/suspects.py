"""Networks that send forged notices: judged all the same, but each refusal costs them time, not us.

An honest bank may share its address with an attacker (behind one NAT, or one proxy of ours), so an
address alone never shuts anybody out: a rightly signed notice of ordinary length is always heard.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from web.door.answers import Answer, refused

BURST = 200
"""Refusals that a network has free."""
A_SECOND = 20
"""And how many more each second."""
MOST_NETWORKS = 4_096
"""Remembered at once; the one that was heard of longest ago is forgotten."""
PAUSE_S = 1.0
"""How long a refusal beyond these waits for its answer."""
MOST_PAUSING = 200
"""Refusals that wait at once; further ones are answered immediately."""


class Suspects:
    """A bucket of refusals for each network, refilled with time."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._pausing = 0
        self.beyond = 0
        """Refusals beyond the limit since the last line in the log."""

    def is_suspect(self, network: str) -> bool:
        """Whether the network has used up its refusals."""
        return network in self._left and self._refilled(network) < 1

    async def refuse(self, network: str, answer: Answer) -> Answer:
        """The answer itself, or 429 after a pause when the network has had too many."""
        left = self._refilled(network)
        self._left[network] = (max(0.0, left - 1), self._clock_s())
        self._left.move_to_end(network)
        if len(self._left) > MOST_NETWORKS:
            self._left.popitem(last=False)
        if left >= 1:
            return answer
        return await self.put_off(answer.outcome)

    async def put_off(self, outcome: str) -> Answer:
        """429, late."""
        self.beyond += 1
        if self._pausing < MOST_PAUSING:
            self._pausing += 1
            try:
                await asyncio.sleep(PAUSE_S)
            finally:
                self._pausing -= 1
        late = refused(
            429,
            "too_many_refused",
            "Too many notices from here were not authentic.",
            (b"retry-after", b"%d" % max(1, round(PAUSE_S))),
        )
        return late._replace(outcome=outcome, quiet=True)

    def _refilled(self, network: str) -> float:
        left, at_s = self._left.get(network, (float(BURST), self._clock_s()))
        return min(float(BURST), left + (self._clock_s() - at_s) * A_SECOND)
