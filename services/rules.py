"""The figures that an operator may set; `hub.config` fills them from the environment."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from pydantic import Field

from services.base import Model

WALK_IN_TOKEN: Final = timedelta(hours=12)


class RebalancingMode(StrEnum):
    """What becomes of the plan that carries packs to where they will be missed."""

    OFF = "off"
    SUGGEST = "suggest"  # admins are told
    CREATE = "create"  # jobs are made


class Rules(Model):
    """Limits and rewards of the network. Defaults are those of the contract."""

    queue_hold_minutes: float = Field(30, gt=0)
    queue_hold_most_minutes: float = Field(60, gt=0)
    queue_call_minutes: float = Field(10, gt=0)
    queue_max_capacity: int = Field(20, ge=1)  # places of a new station's queue
    geofence_radius_m: float = Field(500, gt=0)
    qr_token_expiry_minutes: float = Field(15, gt=0)
    gps_max_speed_mps: float = Field(70, ge=0)  # 0: no speed rule
    swap_credits: int = Field(10, ge=0)
    transport_base_credits: int = Field(100, ge=0)
    staff_minimum: int = Field(1, ge=0)  # that a diversion must leave at a station
    diversion_offer_minutes: float = Field(10, gt=0)
    safety_stock: int = Field(0, ge=0)
    rebalancing: RebalancingMode = RebalancingMode.SUGGEST
    charged_soc: float = Field(90, gt=0, le=100)  # a pack at or above this is charged, %
    gps_full_days: float = Field(30, ge=1)  # every fix; a phone may send one a day late
    gps_keep_days: float = Field(180, ge=1)  # then one a minute until then
    audit_keep_days: float = Field(400, ge=1)

    @property
    def queue_hold(self) -> timedelta:
        return timedelta(minutes=self.queue_hold_minutes)

    @property
    def queue_hold_most(self) -> timedelta:
        return timedelta(minutes=self.queue_hold_most_minutes)

    @property
    def queue_call(self) -> timedelta:
        return timedelta(minutes=self.queue_call_minutes)

    @property
    def gps_full(self) -> timedelta:
        return timedelta(days=self.gps_full_days)

    @property
    def gps_keep(self) -> timedelta:
        return timedelta(days=self.gps_keep_days)

    @property
    def audit_keep(self) -> timedelta:
        return timedelta(days=self.audit_keep_days)

    @property
    def diversion_offer(self) -> timedelta:
        return timedelta(minutes=self.diversion_offer_minutes)

    def qr_expires_at(self, issued_at: datetime, *, walk_in: bool = False) -> datetime:
        """When a token given out then can be scanned no longer.

        That of a walk-in has only staff, and nobody could renew it: it lasts as long as their wait may.
        """
        return issued_at + (WALK_IN_TOKEN if walk_in else timedelta(minutes=self.qr_token_expiry_minutes))
