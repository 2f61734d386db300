"""Money is an integer number of đồng; anything else is a mistake caught at the door."""

from ledger.refusal import Refusal

MOST_VND = 2**53 - 1  # Every JSON reader keeps it exact.


class NotAnAmount(Refusal):
    """An amount is a whole number of đồng, more than zero."""

    code = "not_an_amount"


def amount(value: object) -> int:
    """`value` as đồng; refuses fractions, booleans, zero, negatives and what no bank can send.

    >>> amount(35_000)
    35000
    """
    if type(value) is not int or not 0 < value <= MOST_VND:
        raise NotAnAmount
    return value


def written(amount_vnd: int) -> str:
    """The amount as people in Việt Nam write it, with a no-break space before the sign.

    >>> written(1_250_000)
    '1.250.000\\xa0₫'
    """
    return f"{amount_vnd:,}".replace(",", ".") + "\u00a0₫"
