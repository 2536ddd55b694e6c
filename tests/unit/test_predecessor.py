"""The fifteen weaknesses of the predecessor (FACTS C3): each is refuted by tests, and those tests exist."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).parents[1]

REFUTED: Final = {
    "1 identity and roles are taken on trust": (
        "api/test_identity.py::test_a_bad_token_is_refused_by_both_doors_with_the_same_code",
        "api/test_identity.py::test_the_payload_names_nobody",
        "api/test_operator_attacks.py::test_the_wrong_role_is_forbidden_and_changes_nothing",
        "unit/hub/test_config.py::test_production_refuses_and_names_the_setting",
    ),
    "2 an open read shows everybody's tokens": (
        "unit/services/test_queue.py::test_status_shows_persons_only_when_asked_and_never_a_token",
        "api/test_once.py::test_no_token_is_kept_and_the_answer_is_signed_again",
        "api/test_flow.py::test_everybody_hears_what_they_may_and_nobody_else",
    ),
    "3 a token is spent twice": (
        "e2e/test_races.py::test_fifty_scanners_of_one_token_have_one_winner",
        "unit/services/test_swap.py::test_fifty_scanners_race_and_one_wins",
    ),
    "4 success is answered though no document changed": (
        "contract/test_records.py::test_replace_needs_the_version_before",
        "api/test_flow.py::test_a_rider_swaps_from_recommendation_to_credits",
    ),
    "5 a unique index on an absent field blocks every second swap": (
        "contract/test_records.py::test_one_open_entry_per_user_and_any_number_of_ended_ones",
        "contract/test_records.py::test_only_slots_hold_one_pack",
    ),
    "6 admission looks and then acts": (
        "e2e/test_races.py::test_two_hundred_riders_at_once_get_twelve_places_for_twelve_packs",
        "unit/services/test_queue.py::test_a_rider_has_one_open_entry_in_the_whole_network",
        "real/test_mongo_races.py::test_sixty_riders_get_twenty_places",
    ),
    "7 places never end": (
        "unit/services/test_queue.py::test_leave_frees_the_place_and_moves_those_behind_up",
        "unit/services/test_queue.py::test_who_does_not_come_is_asked_and_then_a_no_show",
        "unit/services/test_queue.py::test_an_arrived_rider_is_called_when_a_bay_is_free_and_expires_if_absent",
    ),
    "8 a refused confirm leaves orphans": (
        "unit/services/test_queue.py::test_confirm_full_station_answers_queue_full_and_holds_no_battery",
        "api/test_dispatch.py::test_what_a_failed_command_wrote_is_undone",
    ),
    "9 completing a swap is neither atomic nor idempotent": (
        "unit/services/test_swap.py::test_five_racing_completions_pay_once",
        "unit/services/test_swap.py::test_a_swap_moves_both_packs_pays_once_and_frees_the_place",
        "e2e/test_kill.py::test_kill_in_the_middle_of_flows_loses_nothing_and_halves_nothing",
    ),
    "10 packs are counted, not followed": (
        "property/test_custody.py::test_every_pack_has_one_holder_and_a_whole_chain",
        "unit/services/test_swap.py::test_a_wrong_battery_changes_nothing",
    ),
    "11 transport pays repeatedly": (
        "api/test_transport.py::test_completing_at_the_same_time_pays_once",
        "unit/services/test_carriage.py::test_credits_are_promised_at_pickup_and_posted_once",
        "unit/services/test_transport.py::test_jobs_at_once_share_no_pack",
    ),
    "12 a queue has several truths and a random wait": (
        "unit/services/test_queue.py::test_live_state_made_anew_equals_what_it_was",
        "unit/test_wait.py::test_wait_quantiles_match_a_simulation",
        "property/test_rooms.py::test_events_applied_to_a_snapshot_give_the_next_snapshot",
    ),
    "13 nothing is in real time": (
        "api/test_flow.py::test_everybody_hears_what_they_may_and_nobody_else",
        "unit/services/test_positions.py::test_riding_in_is_approaching_then_arrived_and_the_hold_stops",
    ),
    "14 the models are a facade": (
        "api/test_predictions.py::test_the_station_alone_is_enough_for_every_model",
        "unit/mlmodels/test_heuristics.py::test_more_of_it_is_a_greater_value",
        "api/test_admin.py::test_figures_change_with_what_people_do_and_are_none_of_the_constants",
    ),
    "15 failures are hidden, or leak": (
        "api/test_dispatch.py::test_a_bug_is_internal_with_an_incident_and_without_its_text",
        "api/test_doors.py::test_ready_says_no_when_records_cannot_be_written",
        "api/test_dispatch.py::test_limits_count_each_class_on_its_own_and_say_when_to_come_again",
        "unit/services/test_diversions.py::test_only_staff_who_are_there_and_free_are_asked",
        "unit/services/test_retention.py",
    ),
}


def _names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("weakness", REFUTED)
def test_each_weakness_is_refuted_by_tests_that_exist(weakness: str) -> None:
    for named in REFUTED[weakness]:
        path, _, test = named.partition("::")
        assert not test or test in _names_in(TESTS / path), named
        assert (TESTS / path).is_file(), named


def test_all_fifteen_are_there() -> None:
    assert [weakness.split()[0] for weakness in REFUTED] == [str(n) for n in range(1, 16)]
