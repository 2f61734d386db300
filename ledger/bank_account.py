"""A bank account: which entity owns it, since when. It serves only that entity."""

from datetime import datetime
from uuid import UUID

from eventsourcing.domain import event

from ledger.fact import Fact
from ledger.identity import bank_account_id
from ledger.refusal import Refusal


class AccountTaken(Refusal):
    """This bank account belongs to somebody else; it has to be moved, not claimed."""

    code = "account_taken"


class MovedBackwards(Refusal):
    """An account cannot move to a new owner before it came to the present one."""

    code = "moved_backwards"


class BankAccount(Fact):
    """Known to the book from the day somebody claims it."""

    TOPIC = "ledger.BankAccount"
    IN_DIRECTORY = True

    class Created(Fact.Created):
        """Somebody claimed a bank account that nobody in the book had; it was theirs all along."""

        TOPIC = "ledger.BankAccount.Created"
        account_key: str
        bank: str
        entity_id: UUID

    class Moved(Fact.Event):
        """From this time on the account belongs to another entity."""

        TOPIC = "ledger.BankAccount.Moved"
        account_key: str
        entity_id: UUID
        from_at: datetime

    class AliasAdded(Fact.Event):
        """A virtual number leads to this account."""

        TOPIC = "ledger.BankAccount.AliasAdded"
        account_key: str
        alias_key: str

    @staticmethod
    def create_id(account_key: str) -> UUID:
        return bank_account_id(account_key)

    @event(Created)
    def __init__(self, account_key: str, bank: str, entity_id: UUID) -> None:
        self.account_key = account_key
        self.bank = bank
        self.entity_id = entity_id
        self.since: datetime | None = None
        self.aliases: set[str] = set()

    def claim(self, entity_id: UUID) -> None:
        """To claim what one owns is not news."""
        if entity_id != self.entity_id:
            raise AccountTaken

    def move(self, entity_id: UUID, from_at: datetime) -> None:
        """The account belongs to `entity_id` from `from_at` on."""
        if (entity_id, from_at) == (self.entity_id, self.since):
            return
        if self.since is not None and from_at <= self.since:
            raise MovedBackwards
        if entity_id != self.entity_id:
            self._moved(self.account_key, entity_id, from_at)

    @event(Moved)
    def _moved(self, account_key: str, entity_id: UUID, from_at: datetime) -> None:
        self.entity_id = entity_id
        self.since = from_at

    def add_alias(self, alias_key: str) -> None:
        """Adding it again is not news."""
        if alias_key not in self.aliases:
            self._alias_added(self.account_key, alias_key)

    @event(AliasAdded)
    def _alias_added(self, account_key: str, alias_key: str) -> None:
        self.aliases.add(alias_key)
