"""The vault: keys wrapped by a master key that can be changed, each bound to its row."""

from random import Random

import pytest

from ledger.vault import KEY_BYTES, Vault, WrongKey, digest, key_id

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
ABOUT = b"inbox:sepay:1"


def vault(*masters: bytes) -> Vault:
    return Vault(masters or (OLD,), random_bytes=Random(7).randbytes)


def test_what_is_wrapped_opens_again_and_says_nothing_in_between() -> None:
    safe = vault()
    key = safe.new_key()

    wrapped = safe.wrap(key, ABOUT)

    assert safe.unwrap(wrapped, ABOUT) == key
    assert key not in wrapped
    assert len(key) == KEY_BYTES


def test_what_is_sealed_opens_again_and_says_nothing_in_between() -> None:
    safe = vault()
    key = safe.new_key()

    sealed = safe.seal(key, "tiền cá".encode(), ABOUT)

    assert safe.open(key, sealed, ABOUT).decode() == "tiền cá"
    assert "tiền".encode() not in sealed


def test_nothing_is_sealed_the_same_twice() -> None:
    safe = vault()
    key = safe.new_key()

    assert safe.seal(key, b"x", ABOUT) != safe.seal(key, b"x", ABOUT)
    assert safe.wrap(key, ABOUT) != safe.wrap(key, ABOUT)
    assert safe.new_key() != safe.new_key()


def test_a_wrapped_key_names_its_master_key() -> None:
    assert vault().wrap(bytes(32), ABOUT).startswith(key_id(OLD))
    assert key_id(OLD) not in OLD


def test_after_a_rotation_the_new_key_wraps_and_both_open() -> None:
    before = vault(OLD)
    key = before.new_key()
    wrapped = before.wrap(key, ABOUT)
    after = vault(NEW, OLD)

    assert after.unwrap(wrapped, ABOUT) == key
    assert after.wrap(key, ABOUT).startswith(key_id(NEW))
    with pytest.raises(WrongKey):
        before.unwrap(after.wrap(key, ABOUT), ABOUT)


def test_when_the_old_key_is_gone_what_it_wrapped_stays_shut() -> None:
    wrapped = vault(OLD).wrap(bytes(32), ABOUT)

    with pytest.raises(WrongKey):
        vault(NEW).unwrap(wrapped, ABOUT)


def test_a_key_or_a_body_moved_to_another_row_is_refused() -> None:
    safe = vault()
    key = safe.new_key()
    wrapped, sealed = safe.wrap(key, ABOUT), safe.seal(key, b"x", ABOUT)

    with pytest.raises(WrongKey):
        safe.unwrap(wrapped, b"inbox:sepay:2")
    with pytest.raises(WrongKey):
        safe.open(key, sealed, b"inbox:sepay:2")


def test_another_persons_key_opens_nothing() -> None:
    safe = vault()
    sealed = safe.seal(safe.new_key(), b"x", ABOUT)

    with pytest.raises(WrongKey):
        safe.open(safe.new_key(), sealed, ABOUT)


@pytest.mark.parametrize("keep", [0, 3, 4, 15, 16, 31])
def test_what_was_cut_short_is_refused_in_our_words(keep: int) -> None:
    safe = vault()
    key = safe.new_key()

    with pytest.raises(WrongKey):
        safe.unwrap(safe.wrap(key, ABOUT)[:keep], ABOUT)
    with pytest.raises(WrongKey):
        safe.open(key, safe.seal(key, b"x", ABOUT)[: keep // 2], ABOUT)


@pytest.mark.parametrize("at", [0, 4, 16, -1])
def test_a_changed_bit_is_refused(at: int) -> None:
    safe = vault()
    wrapped = bytearray(safe.wrap(safe.new_key(), ABOUT))
    wrapped[at] ^= 1

    with pytest.raises(WrongKey):
        safe.unwrap(bytes(wrapped), ABOUT)


@pytest.mark.parametrize("masters", [(), (b"",), (bytes(31),), (bytes(33),), (OLD, bytes(16))])
def test_a_master_key_is_exactly_32_bytes(masters: tuple[bytes, ...]) -> None:
    with pytest.raises(WrongKey):
        Vault(masters)


def test_a_digest_tells_equal_bodies_under_one_key_and_nothing_without() -> None:
    assert digest(OLD, b"x") == digest(OLD, b"x")
    assert len({digest(OLD, b"x"), digest(OLD, b"y"), digest(NEW, b"x")}) == 3


def test_a_vault_that_is_printed_keeps_its_keys() -> None:
    """A log line or a failed assertion would otherwise show them."""
    assert repr(OLD)[2:-1] not in repr(vault(OLD))
    assert OLD.hex() not in repr(vault(OLD))
