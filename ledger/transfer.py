"""Money moved on an account: one fact, however often, by whomever and in whatever order it is told.

How it stands (amount, owner, purpose, marks) is a pure function of the set of tellings, of the
directory and of what a statement or a person decided; events record each change of it.
"""

from datetime import datetime
from uuid import UUID

from eventsourcing.domain import event
from msgspec.structs import replace

from ledger.chart import COUNTER_ACCOUNT
from ledger.fact import Fact
from ledger.money import amount
from ledger.refusal import Refusal
from ledger.telling import Direction, Directory, Purpose, Standing, Telling


class AlreadySettled(Refusal):
    """A bank statement has settled this transfer; only another statement line can speak of it."""

    code = "already_settled"


class NotUnreferenced(Refusal):
    """Only a transfer that was told without a bank reference can turn out to be another one."""

    code = "not_unreferenced"


class NotAlike(Refusal):
    """Two transfers on different accounts or in different directions are never the same."""

    code = "not_alike"


class IsAnother(Refusal):
    """This transfer turned out to be another one; only of that one something can be said."""

    code = "is_another"


class UnknownPurpose(Refusal):
    """Money is a sale, unmatched, a receivable, the owner's own, a refund or a payable."""

    code = "unknown_purpose"


class OwnerUnknown(Refusal):
    """Nobody owns the account yet; it has to be claimed before its money can be assigned."""

    code = "owner_unknown"


class Transfer(Fact):
    """One movement of money on one account."""

    TOPIC = "ledger.Transfer"

    class Created(Fact.Created):
        """A bank, through a provider or a statement, told for the first time that money moved."""

        TOPIC = "ledger.Transfer.Created"
        account_key: str
        reference: str | None
        telling: Telling
        stands: Standing

    class ToldAgain(Fact.Event):
        """Another provider, or the same one under another event id, told the same movement."""

        TOPIC = "ledger.Transfer.ToldAgain"
        telling: Telling

    class Contradicted(Fact.Event):
        """A telling disagrees with an earlier one; the smaller amount stands until decided."""

        TOPIC = "ledger.Transfer.Contradicted"
        telling: Telling
        stood: Standing
        stands: Standing

    class ContradictedElsewhere(Fact.Event):
        """The provider used the event id of a telling of this transfer for another one as well."""

        TOPIC = "ledger.Transfer.ContradictedElsewhere"
        telling: Telling

    class Claimed(Fact.Event):
        """It became known whose account it was at the booked time."""

        TOPIC = "ledger.Transfer.Claimed"
        stood: Standing
        stands: Standing

    class Assigned(Fact.Event):
        """It became clear, or a person said, what the money was for."""

        TOPIC = "ledger.Transfer.Assigned"
        stood: Standing
        stands: Standing

    class Decided(Fact.Event):
        """A person decided which amount stands."""

        TOPIC = "ledger.Transfer.Decided"
        stood: Standing
        stands: Standing

    class Settled(Fact.Event):
        """A booked line of the bank's statement says so too; its amount stands."""

        TOPIC = "ledger.Transfer.Settled"
        line: str
        booked_at: datetime
        stood: Standing
        stands: Standing

    class Reversed(Fact.Event):
        """The bank took it back by another transfer; this one is only marked."""

        TOPIC = "ledger.Transfer.Reversed"
        by_id: UUID

    class SameAs(Fact.Event):
        """Told without a reference, it turned out to be another transfer: its lines are undone."""

        TOPIC = "ledger.Transfer.SameAs"
        other_id: UUID
        stood: Standing

    @event(Created)
    def __init__(
        self, account_key: str, reference: str | None, telling: Telling, stands: Standing
    ) -> None:
        self.account_key = account_key
        self.reference = reference
        self.stands = stands
        self.tellings = [telling]
        self.elsewhere: list[Telling] = []
        self.decided = False
        self.settled_by: str | None = None
        self.reversed_by: UUID | None = None
        self.same_as: UUID | None = None

    @property
    def place(self) -> tuple[str, Direction]:
        """On which account, and which way, the money moved."""
        return self.account_key, self.stands.direction

    @property
    def booked_at(self) -> datetime:
        """The earliest time that anybody told."""
        return min(telling.booked_at for telling in self.tellings)

    @property
    def codes(self) -> tuple[str, ...]:
        """All codes of ours that anybody found in a memo, sorted."""
        return tuple(sorted({code for telling in self.tellings for code in telling.codes}))

    @property
    def marks(self) -> tuple[str, ...]:
        """What a person should look at, sorted; told by the state, never stored."""
        owned, purpose = self.stands.entity_id is not None, self.stands.purpose
        words = {telling.word for telling in self.tellings}
        amounts = {telling.amount_vnd for telling in self.tellings}
        holds = {
            "orphan": not owned,
            "unmatched": owned and purpose.kind == "unmatched",
            "wrong_account": purpose.reason == "wrong_account",
            "several_codes": purpose.reason == "several_codes",
            "unreferenced": self.reference is None,
            "repeated_reference": len({connection for connection, _ in words}) < len(words),
            "contradicted": len(amounts) > 1 or len(words) < len(self.tellings)
            or bool(self.elsewhere),
            "reversed": self.reversed_by is not None,
            "same_as": self.same_as is not None,
        }  # fmt: skip
        return tuple(sorted(mark for mark, true in holds.items() if true))

    def hear(self, telling: Telling, directory: Directory) -> None:
        """One more telling of this movement; the same telling again is not news."""
        self._refuse_another()
        if any(telling.identity == known.identity for known in self.tellings):
            return
        amounts = {telling.amount_vnd} | {known.amount_vnd for known in self.tellings}
        if len(amounts) > 1 or any(telling.word == known.word for known in self.tellings):
            fixed = self.decided or self.settled_by is not None
            stands = self.stands if fixed else replace(self.stands, amount_vnd=min(amounts))
            self._contradicted(telling, self.stands, stands)
        else:
            self._told_again(telling)
        self.conclude(directory)

    @event(ToldAgain)
    def _told_again(self, telling: Telling) -> None:
        self.tellings.append(telling)

    @event(Contradicted)
    def _contradicted(self, telling: Telling, stood: Standing, stands: Standing) -> None:
        self.tellings.append(telling)
        self.stands = stands

    def contradict_elsewhere(self, telling: Telling) -> None:
        """`telling` bears the event id of one of ours but speaks of another transfer."""
        if all(telling.identity != known.identity for known in self.elsewhere):
            self._contradicted_elsewhere(telling)

    @event(ContradictedElsewhere)
    def _contradicted_elsewhere(self, telling: Telling) -> None:
        self.elsewhere.append(telling)

    def conclude(self, directory: Directory) -> None:
        """Brings owner and purpose in line with all that was told and with the directory."""
        owner = directory.owner_of(self.account_key, self.booked_at)
        if self.same_as is not None or owner is None:
            return  # Ownership is only ever learned, never unlearned.
        stood = self.stands
        purpose = stood.purpose
        if owner != stood.entity_id or purpose.reason != "person":
            purpose = directory.purpose_of(
                owner, self.account_key, stood.direction, self.codes, self.booked_at
            )
        stands = replace(stood, entity_id=owner, purpose=purpose)
        if owner != stood.entity_id:
            self._claimed(stood, stands)
        elif stands != stood:
            self._assigned(stood, stands)

    @event(Claimed)
    def _claimed(self, stood: Standing, stands: Standing) -> None:
        self.stands = stands

    def assign(self, purpose: Purpose) -> None:
        """A person says what it was for. Refuses while nobody owns the account."""
        self._refuse_another()
        if purpose.kind not in COUNTER_ACCOUNT:
            raise UnknownPurpose
        if self.stands.entity_id is None:
            raise OwnerUnknown
        stands = replace(self.stands, purpose=replace(purpose, reason="person"))
        if stands != self.stands:
            self._assigned(self.stands, stands)

    @event(Assigned)
    def _assigned(self, stood: Standing, stands: Standing) -> None:
        self.stands = stands

    def decide(self, amount_vnd: int) -> None:
        """A person says which amount stands. A statement's word is stronger."""
        self._refuse_another()
        if self.settled_by is not None:
            raise AlreadySettled
        stands = replace(self.stands, amount_vnd=amount(amount_vnd))
        if not self.decided or stands != self.stands:
            self._decided(self.stands, stands)

    @event(Decided)
    def _decided(self, stood: Standing, stands: Standing) -> None:
        self.stands = stands
        self.decided = True

    def settle(self, line: str, amount_vnd: int, booked_at: datetime) -> None:
        """The booked statement line known as `line` is this transfer; again is not news."""
        self._refuse_another()
        if self.settled_by == line:
            return
        if self.settled_by is not None:
            raise AlreadySettled
        stands = replace(self.stands, amount_vnd=amount(amount_vnd), settled=True)
        self._settled(line, booked_at, self.stands, stands)

    @event(Settled)
    def _settled(self, line: str, booked_at: datetime, stood: Standing, stands: Standing) -> None:
        self.stands = stands
        self.settled_by = line

    def reverse(self, by_id: UUID) -> None:
        """The bank's reversal is transfer `by_id`; saying it again is not news."""
        if self.reversed_by != by_id:
            self._reversed(by_id)

    @event(Reversed)
    def _reversed(self, by_id: UUID) -> None:
        self.reversed_by = by_id

    def turn_out_same(self, other: "Transfer", directory: Directory) -> None:
        """This unreferenced transfer is `other`, which now hears all that this one was told."""
        if self.same_as == other.id:
            return
        if self.reference is not None or self.same_as is not None or other.id == self.id:
            raise NotUnreferenced
        if self.place != other.place:
            raise NotAlike
        self._same(other.id, self.stands)
        for telling in self.tellings:
            other.hear(telling, directory)

    @event(SameAs)
    def _same(self, other_id: UUID, stood: Standing) -> None:
        self.same_as = other_id

    def _refuse_another(self) -> None:
        if self.same_as is not None:
            raise IsAnother
