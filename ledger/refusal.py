"""A refusal: a rule said no. Expected, named, and safe to show to a stranger."""


class Refusal(Exception):
    """The request breaks a rule."""

    code = "refused"  # Permanent: partners and tests rely on it.

    def __str__(self) -> str:
        return super().__str__() or (self.__doc__ or "").strip().splitlines()[0]
