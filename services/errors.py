"""Every expected failure, one class and one code each.

A code is a name of the wire contract; the sentence of a code is what a person reads.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, NoReturn


class ErrorCode(StrEnum):
    """Codes of the wire contract, in the order of its table."""

    VALIDATION_FAILED = "validation_failed"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    ALREADY_QUEUED = "already_queued"
    QUEUE_FULL = "queue_full"
    STATION_CLOSED = "station_closed"
    NO_BATTERY = "no_battery"
    TOKEN_INVALID = "token_invalid"
    TOKEN_EXPIRED = "token_expired"
    TOKEN_USED = "token_used"
    WRONG_STATION = "wrong_station"
    NOT_ACTIVE = "not_active"
    JOB_TAKEN = "job_taken"
    JOB_NOT_YOURS = "job_not_yours"
    OUTSIDE_GEOFENCE = "outside_geofence"
    WRONG_BATTERY = "wrong_battery"
    NOT_ENOUGH_STAFF = "not_enough_staff"
    CONFLICT = "conflict"
    RATE_LIMITED = "rate_limited"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


Detail = str | int | float | None


class HubError(Exception):
    """Base of every expected failure; keyword arguments are its public details."""

    code: ClassVar[ErrorCode]
    message: ClassVar[str]
    retryable: ClassVar[bool] = False  # can the same call succeed later, unchanged?

    def __init__(self, **details: Detail) -> None:
        super().__init__(f"{self.code} {details}")
        self.details = details


class ValidationFailed(HubError):
    """The payload is not of the operation's form; `problems` are all of its faults."""

    code = ErrorCode.VALIDATION_FAILED
    message = "Some fields are missing or not of the expected form."

    def __init__(self, problems: list[dict[str, str]]) -> None:
        super().__init__()
        self.problems = problems


class Unauthenticated(HubError):
    """No token, or one that cannot be trusted."""

    code = ErrorCode.UNAUTHENTICATED
    message = "Sign in again: the token is missing, expired or not valid."


class Forbidden(HubError):
    """The caller is known and may not do this."""

    code = ErrorCode.FORBIDDEN
    message = "Your role does not allow this."


class NotFound(HubError):
    """It does not exist, or the caller may not know that it does."""

    code = ErrorCode.NOT_FOUND
    message = "There is no such thing, or it is not yours to see."


class AlreadyQueued(HubError):
    """The rider has an open entry somewhere in the network."""

    code = ErrorCode.ALREADY_QUEUED
    message = "You already hold a place. Leave it before you take another."


class QueueFull(HubError):
    """Every place of the station is taken or on offer."""

    code = ErrorCode.QUEUE_FULL
    message = "Every place at this station is taken."
    retryable = True


class StationClosed(HubError):
    """The station takes no riders now."""

    code = ErrorCode.STATION_CLOSED
    message = "This station is closed."
    retryable = True


class NoBattery(HubError):
    """No charged pack of the rider's type can be promised."""

    code = ErrorCode.NO_BATTERY
    message = "No charged battery can be promised at this station now."
    retryable = True


class TokenInvalid(HubError):
    """The token is forged, cut, replaced, or its entry has ended."""

    code = ErrorCode.TOKEN_INVALID
    message = "This code is not valid. Ask the rider to show the newest one."


class TokenExpired(HubError):
    """The token is genuine but too old."""

    code = ErrorCode.TOKEN_EXPIRED
    message = "This code has expired. The rider can renew it in the app."


class TokenUsed(HubError):
    """Another scan of this token has won."""

    code = ErrorCode.TOKEN_USED
    message = "This code has already been scanned."


class WrongStation(HubError):
    """The token belongs to another station."""

    code = ErrorCode.WRONG_STATION
    message = "This code is for another station."


class NotActive(HubError):
    """The entry, swap or job is not in the state that this step needs."""

    code = ErrorCode.NOT_ACTIVE
    message = "This is not in progress, so it cannot be done now."


class JobTaken(HubError):
    """Another transporter was faster."""

    code = ErrorCode.JOB_TAKEN
    message = "Another transporter has taken this job."


class JobNotYours(HubError):
    """The job is assigned to somebody else, or to nobody."""

    code = ErrorCode.JOB_NOT_YOURS
    message = "This job is not assigned to you."


class OutsideGeofence(HubError):
    """The caller's newest fix is not inside the place."""

    code = ErrorCode.OUTSIDE_GEOFENCE
    message = "You are not close enough to the place."
    retryable = True


class WrongBattery(HubError):
    """The pack is not the one expected, or not free to hand out here."""

    code = ErrorCode.WRONG_BATTERY
    message = "That battery cannot be used for this swap."


class NotEnoughStaff(HubError):
    """A diversion would leave a station with fewer staff than STAFF_MINIMUM."""

    code = ErrorCode.NOT_ENOUGH_STAFF
    message = "That would leave too few staff at the station."
    retryable = True


class Conflict(HubError):
    """The step is not allowed in this state, or the same request id came with another payload."""

    code = ErrorCode.CONFLICT
    message = "This is not possible in the present state."


class RateLimited(HubError):
    """Too many calls; `retry_after` is in seconds."""

    code = ErrorCode.RATE_LIMITED
    message = "Too many requests. Wait a moment."
    retryable = True

    def __init__(self, retry_after: float) -> None:
        super().__init__()
        self.retry_after = retry_after


class PayloadTooLarge(HubError):
    """The message is larger than the hub reads."""

    code = ErrorCode.PAYLOAD_TOO_LARGE
    message = "The message is too large."


class Unavailable(HubError):
    """A needed store does not answer; nothing was changed, or the same request id will tell."""

    code = ErrorCode.UNAVAILABLE
    message = "The hub cannot do this right now. Try again with the same request id."
    retryable = True


class WriteConflict(Exception):
    """Another transaction changed the same document first; the command is run again from its start.

    Never answered to a caller: `hub.dispatch` retries until the command's deadline.
    """


class DuplicateKey(WriteConflict):
    """A unique index refused an insert. `index` names it, so that a rule can turn it into its code."""

    def __init__(self, index: str) -> None:
        super().__init__(index)
        self.index = index


def raise_(error: Exception) -> NoReturn:
    """Raise inside an expression: `await tx.swaps.get(id) or raise_(NotFound(swap_id=id))`."""
    raise error
