"""POST /hooks/<provider>: a notice is judged by its bytes, heard by the book, then answered."""

from collections.abc import Callable, Mapping
from datetime import datetime

from market.ports import BankDialect
from web.door.answers import JSON, Answer, Header, TurnedAway, only, refused
from web.door.contracts import Contracts
from web.door.desk import Desk
from web.door.limits import SUSPECT_BODY_BYTES, Limits
from web.door.patience import Patience
from web.door.request import Request
from web.door.suspects import Suspects
from web.door.tally import Tally

PREFIX = "/hooks/"
SUCCESS = b'{"success": true}'
"""What SePay asks for in so many words; a 2xx is what all of them ask for."""
NEWS = b"x-choso-news"
"""The header that tells what was new in it: first, further, not_news or not_money."""
_REASONS = {
    "no_signature": "The notice carries no signature of this provider.",
    "bad_signature": "The signature does not fit the notice.",
    "stale": "The signature is genuine, but too old or from the future.",
    "malformed": "The body is not a notice in the words of this provider.",
}
_ACCEPTS: Header = (b"accept-encoding", b"identity")


class Hooks:
    """What becomes of a notice, from its first header to its answer."""

    def __init__(
        self,
        dialects: Mapping[str, BankDialect],
        contracts: Contracts,
        desk: Desk,
        suspects: Suspects,
        tally: Tally,
        limits: Limits,
        now: Callable[[], datetime],
    ) -> None:
        self._dialects = dialects
        self._contracts = contracts
        self._desk = desk
        self._suspects = suspects
        self._tally = tally
        self._now = now
        self._patience = Patience(limits.body_s)
        self._heard = {
            news: Answer(200, SUCCESS, (JSON, (NEWS, news.encode())), news)
            for news in ("first", "further", "not_news", "not_money")
        }

    def route(self, path: str) -> str:
        """The name under which requests to this address are counted."""
        return path if path.removeprefix(PREFIX) in self._dialects else f"{PREFIX}*"

    async def answer(self, request: Request) -> Answer:
        """The answer to any request below /hooks/."""
        provider = request.path.removeprefix(PREFIX)
        if provider not in self._dialects:
            return refused(404, "unknown_provider", "No provider of notices has this address.")
        wrong = _wrong_form(request)
        if wrong is not None:
            return wrong
        try:
            answer = await self._take_in(provider, request)
        except TurnedAway as turned_away:
            self._tally.notice(provider, turned_away.answer.outcome)
            raise
        self._tally.notice(provider, answer.outcome)
        return answer

    async def _take_in(self, provider: str, request: Request) -> Answer:
        body = await self._body(request)
        at = self._now()
        judged = await self._contracts.judge(provider, request.headers, body, at)
        if judged.source is None:
            reason = judged.verdict.reason
            return await self._suspects.refuse(
                request.network, refused(401, reason, _REASONS[reason])
            )
        if judged.notice is None:
            return self._heard["not_money"]
        return self._heard[await self._desk.hear(judged.source, judged.notice, body, at)]

    async def _body(self, request: Request) -> bytes:
        """The body; a longer one than any bank sends is not even read for a suspect."""
        if not self._suspects.is_suspect(request.network):
            return await request.body(self._patience)
        try:
            return await request.body(self._patience, SUSPECT_BODY_BYTES)
        except TurnedAway as turned_away:
            raise TurnedAway(
                await self._suspects.put_off(turned_away.answer.outcome)
            ) from turned_away


def _wrong_form(request: Request) -> Answer | None:
    """What is wrong with a request, as far as its first lines tell."""
    if request.method != "POST":
        return only("POST")
    if request.headers.get("content-encoding", "").strip().lower() not in ("", "identity"):
        return refused(415, "encoded", "A notice comes as it was signed, not encoded.", _ACCEPTS)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("", "application/json"):
        return refused(415, "not_json", "A notice is application/json.")
    return None
