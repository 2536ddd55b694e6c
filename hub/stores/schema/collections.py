"""Every collection of the records and its indexes."""

from __future__ import annotations

from typing import Final

from hub.stores.schema.declaration import Collection, Index
from services import (
    admin_models,
    fault_models,
    fixes,
    job_models,
    models,
    staff_models,
    upkeep_models,
    waiting_models,
)
from services.base import Document
from services.states import (
    DIVERSION_OPEN,
    DIVERSION_UNSETTLED,
    INCIDENT_OPEN,
    OPEN,
    WAITLISTED,
    SwapState,
)

COLLECTIONS: Final[tuple[Collection[Document], ...]] = (
    Collection("users", models.User, (Index("users_by_role", ("role", "station_id")),)),
    Collection("stations", models.Station),
    Collection(
        "queues",
        models.Entry,
        (
            Index("queues_one_open_per_user", ("user_id",), unique=True, where={"state": OPEN}),
            Index("queues_order", ("station_id", "order"), unique=True),
            Index("queues_by_station", ("station_id", "state", "order")),
            Index("queues_open", ("state", "station_id", "order"), where={"state": OPEN}),
        ),
    ),
    Collection(
        "waitlist",
        waiting_models.Waiting,
        (
            Index("waitlist_one_open_per_user", ("user_id",), unique=True, where={"state": WAITLISTED}),
            Index("waitlist_by_station", ("station_id", "state", "id")),
            Index("waitlist_open", ("state", "id"), where={"state": WAITLISTED}),
        ),
    ),
    Collection(
        "swaps",
        models.Swap,
        (
            Index("swaps_one_per_entry", ("entry_id",), unique=True),
            Index("swaps_by_user", ("user_id", "id")),
            Index("swaps_by_station", ("station_id", "completed_at"), where={"state": SwapState.COMPLETED}),
            Index(
                "swaps_by_completion", ("completed_at", "station_id"), where={"state": SwapState.COMPLETED}
            ),
        ),
    ),
    Collection(
        "batteries",
        models.Battery,
        (
            Index(
                "batteries_one_per_slot",
                ("holder.id", "holder.slot"),
                unique=True,
                where={"holder.kind": models.HolderKind.SLOT},
            ),
            Index(
                "batteries_by_holder",
                ("holder.kind", "holder.id", "state", "held_for", "battery_type", "soc"),
            ),
            Index("batteries_by_promise", ("held_for",)),
        ),
    ),
    Collection("custody", models.Custody, (Index("custody_chain", ("battery_id", "number"), unique=True),)),
    Collection("qr_tokens", models.QrToken, (Index("qr_tokens_by_entry", ("entry_id",)),)),
    Collection(
        "credits",
        models.Posting,
        (
            Index("credits_once", ("source", "rule", "account"), unique=True),
            Index("credits_by_account", ("account", "state", "at", "id")),
        ),
    ),
    Collection(
        "gps_logs",
        fixes.GpsFix,
        (Index("gps_logs_by_user", ("user_id", "at")), Index("gps_logs_by_time", ("at", "id"))),
    ),
    Collection(
        "staff_assignments",
        models.Assignment,
        (
            Index("staff_assignments_one_running", ("staff_id",), unique=True, where={"ends_at": None}),
            Index("staff_assignments_by_staff", ("staff_id", "starts_at")),
            Index("staff_assignments_by_station", ("station_id", "ends_at")),
        ),
    ),
    Collection(
        "diversions",
        staff_models.Diversion,
        (
            Index(
                "diversions_one_unsettled",
                ("staff_id",),
                unique=True,
                where={"state": DIVERSION_UNSETTLED},
            ),
            Index("diversions_open", ("state", "staff_id"), where={"state": DIVERSION_OPEN}),
            Index("diversions_by_staff", ("staff_id", "offered_at")),
            Index("diversions_by_diversion", ("diversion_id", "staff_id")),
        ),
    ),
    Collection(
        "incidents",
        fault_models.Incident,
        (
            Index(
                "incidents_one_open_per_cause",
                ("station_id", "cause"),
                unique=True,
                where={"state": INCIDENT_OPEN},
            ),
            Index("incidents_open", ("state", "station_id"), where={"state": INCIDENT_OPEN}),
            Index("incidents_by_station", ("station_id", "id")),
            Index("incidents_lately", ("station_id", "raised_at")),
            Index("incidents_by_run", ("station_id", "last_run_at")),
            Index("incidents_by_battery", ("battery_id",)),
        ),
    ),
    Collection(
        "tickets",
        fault_models.Ticket,
        (
            Index("tickets_by_station", ("station_id", "status")),
            Index("tickets_by_status", ("status", "id")),
            Index("tickets_of_station", ("station_id", "id")),
        ),
    ),
    Collection("partner_shops", models.Partner),
    Collection(
        "transport_jobs",
        job_models.Job,
        (
            Index("transport_jobs_by_state", ("state", "id")),
            Index("transport_jobs_by_assignee", ("assignee_id", "id")),
            Index("transport_jobs_by_source", ("source.id", "state")),
            Index("transport_jobs_by_target", ("target.id", "state")),
            Index("transport_jobs_by_end", ("ended_at", "state")),
        ),
    ),
    Collection(
        "kept_answers",
        upkeep_models.KeptAnswer,
        (Index("kept_answers_expiry", ("expires_at",)),),
        expires="expires_at",
    ),
    Collection("timers", upkeep_models.Timer, (Index("timers_due", ("due_at", "id")),)),
    Collection(
        "audit",
        upkeep_models.AuditRecord,
        (Index("audit_by_actor", ("actor", "at")), Index("audit_by_time", ("at", "id"))),
    ),
    Collection("checkpoints", admin_models.Checkpoint),
    Collection(
        "checkpoint_parts",
        admin_models.CheckpointPart,
        (Index("checkpoint_parts_by_key", ("checkpoint_id", "last_key")),),
    ),
    Collection("traffic", admin_models.CellTraffic, (Index("traffic_by_window", ("until", "rank")),)),
    Collection("used_links", upkeep_models.UsedLink),
    Collection("installation", upkeep_models.InstallationFact),
)
