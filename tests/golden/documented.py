"""One event of each shape, in code; `python -m tests.golden.documented` stores those that are new.

A sample that is stored stays as it is, and stays here: books that hold such events are out there.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from ledger.bank_account import BankAccount
from ledger.fact import RECORDED_ELSEWHERE, first
from ledger.payment_request import PaymentRequest
from ledger.posting import post
from ledger.store.mapper import FactMapper
from ledger.telling import ORPHAN, Purpose, Standing, Telling
from ledger.transfer import Transfer
from market.stalls.place import Place
from market.stalls.stall import Stall
from market.stalls.vendor import Vendor

FOLDER = Path(__file__).parent / "events"
MAPPER = FactMapper(None)  # type: ignore[arg-type]  # It needs no transcoder.

DAWN = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)
LATER = DAWN + timedelta(minutes=7, microseconds=250_000)
ACCOUNT, ALIAS = "0123456789abcdef" * 2, "fedcba9876543210" * 2
VENDOR, OTHER = UUID("445ebab6-0b51-5241-9ed2-fac3c2d1d3ec"), UUID(int=2)
STALL, PLACE = UUID("c7494997-5a75-5345-a4cd-65887a756022"), UUID(int=4)
REQUEST, THIS, THAT = UUID(int=5), UUID(int=6), UUID(int=7)

TOLD = Telling("mau-sepay", "92704", "d1" * 16, 50_000, DAWN, LATER, ("CS000007A",))
TOLD_LESS = Telling("mau-casso", "8", "e2" * 16, 45_000, DAWN, LATER)
SALE = Standing("in", VENDOR, 50_000, Purpose("sale", "code", "CS000007A", STALL))
LESS = Standing("in", VENDOR, 45_000, Purpose("sale", "code", "CS000007A", STALL))
PAID = Standing("in", VENDOR, 50_000, Purpose("sale", "several_codes", "CS1", STALL, REQUEST))
UNMATCHED = Standing("in", VENDOR, 50_000, Purpose("unmatched", "wrong_account"))
OWNERS = Standing("in", VENDOR, 50_000, Purpose("owner", "person"))
NOBODYS = Standing("in", None, 50_000, ORPHAN)
WAITED = Standing("in", None, 50_000, ORPHAN, settled=True)
CLAIMED = Standing("in", VENDOR, 50_000, Purpose("unmatched", "no_code"), settled=True)
WENT = Standing("out", VENDOR, 50_000, Purpose("owner", "outgoing"))
REFUNDED = Standing("out", VENDOR, 50_000, Purpose("refund", "person"))
BACK = Standing("out", VENDOR, 50_000, Purpose("sale", "person", "CS000007A", STALL))
SETTLED = Standing("in", VENDOR, 48_000, SALE.purpose, settled=True)
SETTLED_OUT = Standing("out", VENDOR, 50_000, WENT.purpose, settled=True)
OTHERS = Standing("in", OTHER, 50_000, Purpose("sale", "only_stall", None, STALL))


def told(event: Any, version: int = 2, **facts: Any) -> Any:
    """An event that is not the first of its history."""
    return event(
        originator_id=THIS, originator_version=version, timestamp=RECORDED_ELSEWHERE, **facts
    )


def created(stands: Standing, reference: str | None = "FT26325000001") -> Any:
    return first(
        Transfer.Created,
        THIS,
        account_key=ACCOUNT,
        reference=reference,
        telling=TOLD,
        stands=stands,
    )


def asked(stall_id: UUID | None) -> Any:
    return first(
        PaymentRequest.Created, REQUEST, code="CSY000007", entity_id=VENDOR, stall_id=stall_id,
        amount_vnd=50_000, asked_at=DAWN, expires_at=LATER,
    )  # fmt: skip


def place(kind: str) -> Any:
    return first(
        Place.Created, PLACE, slug=f"{kind}-mau", kind=kind, name="Chợ “Mẫu”", commune="xã"
    )


EVENTS: dict[str, Any] = {
    "claimed": first(
        BankAccount.Created, THIS, account_key=ACCOUNT, bank="999999", entity_id=VENDOR
    ),
    "moved": told(BankAccount.Moved, account_key=ACCOUNT, entity_id=OTHER, from_at=LATER),
    "a virtual number": told(BankAccount.AliasAdded, account_key=ACCOUNT, alias_key=ALIAS),
    "at a stall": asked(STALL),
    "without a stall": asked(None),
    "paid": told(PaymentRequest.Received, transfer_id=THIS, amount_vnd=50_000, booked_at=DAWN),
    "for something else": told(
        PaymentRequest.Received, transfer_id=THIS, amount_vnd=0, booked_at=DAWN
    ),
    "taken back": told(PaymentRequest.Cancelled, cancelled_at=LATER),
    "a sale": created(SALE),
    "a sale that pays a request": created(PAID),
    "unmatched": created(UNMATCHED),
    "an orphan": created(NOBODYS),
    "unreferenced": created(SALE, reference=None),
    "outgoing": created(WENT),
    "by another provider": told(Transfer.ToldAgain, telling=TOLD),
    "a smaller amount": told(Transfer.Contradicted, telling=TOLD_LESS, stood=SALE, stands=LESS),
    "against what is settled": told(
        Transfer.Contradicted, telling=TOLD_LESS, stood=SETTLED, stands=SETTLED
    ),
    "one event id, two transfers": told(Transfer.ContradictedElsewhere, telling=TOLD),
    "an orphan finds its owner": told(Transfer.Claimed, stood=NOBODYS, stands=OTHERS),
    "with the settlement that waited": told(Transfer.Claimed, stood=WAITED, stands=CLAIMED),
    "from one owner to another": told(Transfer.Claimed, stood=SALE, stands=OTHERS),
    "a code came later": told(Transfer.Assigned, stood=UNMATCHED, stands=SALE),
    "a person said it was private": told(Transfer.Assigned, stood=UNMATCHED, stands=OWNERS),
    "a refund": told(Transfer.Assigned, stood=WENT, stands=REFUNDED),
    "a reversal": told(Transfer.Assigned, stood=WENT, stands=BACK),
    "the larger one after all": told(Transfer.Decided, stood=LESS, stands=SALE),
    "for another amount": told(
        Transfer.Settled, line="MAU/2026-11-21/3", booked_at=DAWN, stood=SALE, stands=SETTLED
    ),
    "an orphan settled": told(
        Transfer.Settled, line="MAU/2026-11-21/4", booked_at=DAWN, stood=NOBODYS, stands=WAITED
    ),
    "outgoing settled": told(
        Transfer.Settled, line="MAU/2026-11-21/5", booked_at=DAWN, stood=WENT, stands=SETTLED_OUT
    ),
    "by the bank": told(Transfer.Reversed, by_id=THAT),
    "another one": told(Transfer.SameAs, other_id=THAT, stood=SALE),
    "another one, an orphan": told(Transfer.SameAs, other_id=THAT, stood=NOBODYS),
    "a market": place("market"),
    "a street": place("street"),
    "opened": first(
        Stall.Created, STALL, code="CS000007A", place_id=PLACE, number="A01", trade="gạo"
    ),
    "given": told(Stall.Assigned, vendor_id=VENDOR, account_key=ACCOUNT, from_at=DAWN),
    "stands elsewhere": told(Stall.Moved, place_id=PLACE, number="B07"),
    "left": told(Stall.Vacated, from_at=LATER),
    "joined": first(Vendor.Created, VENDOR, joined_at=DAWN),
}  # fmt: skip
"""By the name of the sample."""


def sample(name: str) -> dict[str, Any]:
    """The event as it is stored today, and the lines that it posts today."""
    stored = MAPPER.to_stored_event(EVENTS[name])
    return {
        "sample": name,
        "originator_id": str(stored.originator_id),
        "originator_version": stored.originator_version,
        "state": stored.state.decode(),
        "lines": lines(EVENTS[name]),
    }


def lines(event: Any, topic: str | None = None) -> list[str]:
    """Entity, account and đồng of each line that an event, or its stored state, posts."""
    posted = post(topic or event.TOPIC, event)
    return [f"{line.entity} {line.code} {line.amount_vnd:+d}" for line in posted]


def stored_samples() -> dict[str, list[dict[str, Any]]]:
    """What lies in the folder, by topic."""
    return {
        file.stem: json.loads(file.read_text(encoding="utf-8"))
        for file in sorted(FOLDER.glob("*.json"))
    }


def store_new() -> None:
    """Adds the samples that are not stored yet; changes none that is."""
    known = stored_samples()
    for name, event in EVENTS.items():
        samples = known.setdefault(event.TOPIC, [])
        if all(stored["sample"] != name for stored in samples):
            samples.append(sample(name))
            text = json.dumps(samples, ensure_ascii=False, indent=1)
            (FOLDER / f"{event.TOPIC}.json").write_text(f"{text}\n", encoding="utf-8")
            print(f"stored: {event.TOPIC}, {name}")


if __name__ == "__main__":
    store_new()
