"""Why accounts says no."""

from core.errors import DomainError


class EmailTaken(DomainError):
    code = "email_taken"
    title = "There is an account with this e-mail address already; log in instead."
    pointer = "/email"


class InvalidCredentials(DomainError):
    """Wrong password, unknown address and closed account are answered alike: nobody can ask who is a customer."""

    code = "invalid_credentials"
    title = "E-mail address and password do not match an account."
    status = 401


class RefreshTokenInvalid(DomainError):
    code = "refresh_token_invalid"
    title = "The session has ended; log in again."
    status = 401
    pointer = "/refresh_token"


class RefreshTokenReused(DomainError):
    """A token that had been exchanged before came back: two parties hold it, so the whole session was ended."""

    code = "refresh_token_reused"
    title = "This refresh token was used before; for safety the session was ended. Log in again."
    status = 401
    pointer = "/refresh_token"


class AccountInUse(DomainError):
    """`reasons` says each thing that must come to its end first."""

    code = "account_in_use"
    title = "The account cannot be closed yet: something is still out, or still owed."


class StaffAccount(DomainError):
    code = "staff_account"
    title = "The account of a member of staff cannot be closed; an administrator takes away its rights first."
